package org.s2d.device;

/** A device or native library that is missing or cannot do what was asked; the command line exits with code 3. */
public final class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DeviceException(String message) {
        super(message);
    }

    public DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
