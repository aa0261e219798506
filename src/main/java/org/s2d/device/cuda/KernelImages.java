package org.s2d.device.cuda;

import java.nio.file.Path;

/** Where compiled kernels come from: packed by the build, compiled at run time, or built for the emulator. */
@FunctionalInterface
public interface KernelImages {
    /**
     * The compiled form of {@code kernels/FILE.cu}, made if needed; throws {@link org.s2d.device.DeviceException} that says what to
     * install.
     */
    Path image(String file);
}
