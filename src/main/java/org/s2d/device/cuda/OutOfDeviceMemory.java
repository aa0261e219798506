package org.s2d.device.cuda;

/** The device has not as much memory as was asked for; the pool gives back what it caches and tries again. */
public final class OutOfDeviceMemory extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public OutOfDeviceMemory(String message) {
        super(message);
    }
}
