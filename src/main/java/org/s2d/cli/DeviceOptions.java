package org.s2d.cli;

import java.util.Locale;
import java.util.Set;
import org.s2d.autograd.Precision;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.UserException;
import picocli.CommandLine.Option;

/** The options by which every computing command chooses where and in which precision to compute. */
final class DeviceOptions {
    @Option(
            names = "--device",
            defaultValue = "cpu",
            description = "cpu, cuda (the first visible GPU), reference (plain loops in double), or emulator (the GPU's"
                    + " kernels on the CPU, every access checked). Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    @Option(
            names = "--precision",
            defaultValue = "fp32",
            description = "fp32, or bf16 (products in bfloat16, sums in float32). Default: ${DEFAULT-VALUE}.")
    private Precision precision = Precision.FP32;

    @Option(names = "--threads", description = "Threads that compute. Default: all cores.")
    private int threads = Runtime.getRuntime().availableProcessors();

    Precision precision() {
        if (precision == Precision.FP16 && !Set.of("cuda", "emulator").contains(name())) {
            throw new UserException("--precision fp16: not on this device. Use fp32 or bf16.");
        }
        return precision;
    }

    /** Opens the device; closing it also closes its memory pool. */
    Device open() {
        if (threads < 1 || threads > 1024) {
            throw new UserException("--threads " + threads + ": must be between 1 and 1024.");
        }
        return switch (name()) {
            case "cpu" -> new CpuDevice(new HostPool(), threads);
            case "reference" -> new ReferenceDevice(new HostPool());
            case "cuda" -> CudaDevice.open();
            case "emulator" -> CudaDevice.emulator();
            default ->
                throw new UserException("--device " + device + ": unknown. Use cpu, cuda, reference or emulator.");
        };
    }

    private String name() {
        return device.toLowerCase(Locale.ROOT);
    }
}
