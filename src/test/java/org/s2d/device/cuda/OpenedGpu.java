package org.s2d.device.cuda;

import org.s2d.device.DeviceException;

/** A process that opens the device {@code cuda} and closes it: prints its name, or the reason why not. */
final class OpenedGpu {
    private OpenedGpu() {}

    public static void main(String[] args) {
        try (CudaDevice device = StandInGpu.open()) {
            System.out.println(device.context().properties().name());
        } catch (DeviceException e) {
            System.out.println(e.getMessage());
            System.exit(3);
        }
    }
}
