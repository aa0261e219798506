package org.s2d.device.cuda;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import org.s2d.device.DeviceException;
import org.s2d.device.cuda.lib.Nvrtc;

/** Kernels compiled by NVRTC at first use, for one GPU, and kept between runs. */
final class RuntimeKernels implements KernelImages {
    /** The only GPU whose own instructions need a name of their own. */
    private static final int HOPPER = 90;

    private final KernelSources sources;
    private final KernelCache cache;
    private final Nvrtc compiler;
    private final String[] options;

    /** @param capability of the GPU: 10 times major plus minor */
    RuntimeKernels(KernelSources sources, KernelCache cache, Nvrtc compiler, int capability) {
        this.sources = sources;
        this.cache = cache;
        this.compiler = compiler;
        this.options = new String[] {
            "--gpu-architecture=" + architecture(compiler.capabilities(), capability),
            "--std=c++17",
            "--generate-line-info"
        };
    }

    @Override
    public Path image(String file) {
        String text = sources.unit(file);
        String key = text + String.join(" ", options) + " NVRTC " + compiler.version();
        return cache.get(key, file, () -> compiler.compile(file + ".cu", text, options));
    }

    /** Machine code where the compiler knows the GPU; for a newer one PTX, which the driver translates. */
    static String architecture(int[] known, int capability) {
        if (Arrays.stream(known).anyMatch(one -> one == capability)) {
            return "sm_" + capability + (capability == HOPPER ? "a" : "");
        }
        OptionalInt newest =
                Arrays.stream(known).filter(one -> one < capability).max();
        if (newest.isEmpty()) {
            throw new DeviceException("cuda: NVRTC compiles for compute capability " + known[0] / 10 + "."
                    + known[0] % 10 + " and newer; this GPU has " + capability / 10 + "." + capability % 10 + ".");
        }
        return "compute_" + newest.getAsInt();
    }
}
