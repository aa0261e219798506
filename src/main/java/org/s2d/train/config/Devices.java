package org.s2d.train.config;

import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.UserException;

/** Devices by the names that configurations use. */
public final class Devices {
    private Devices() {}

    /** Opens a device; closing it also closes its memory pool. {@code threads} 0: all cores. */
    public static Device open(String name, int threads) {
        return switch (name) {
            case "cpu" ->
                new CpuDevice(
                        new HostPool(),
                        threads > 0 ? threads : Runtime.getRuntime().availableProcessors());
            case "reference" -> new ReferenceDevice(new HostPool());
            case "cuda" -> CudaDevice.open();
            case "emulator" -> CudaDevice.emulator();
            default ->
                throw new UserException("train.device " + name + ": unknown. Use cpu, cuda, reference or emulator.");
        };
    }
}
