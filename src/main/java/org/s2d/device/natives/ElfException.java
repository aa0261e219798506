package org.s2d.device.natives;

/** A file is no shared library for this machine, or a damaged one. The message continues "FILE: ". */
public final class ElfException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ElfException(String message) {
        super(message);
    }
}
