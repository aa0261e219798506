package org.s2d.cli;

import java.util.Optional;
import org.s2d.device.cuda.PackedKernels;
import org.s2d.device.cuda.lib.CudaLibraries;
import org.s2d.device.cuda.lib.CudaLibrary;
import org.s2d.device.cuda.lib.DriverLibrary;
import org.s2d.device.cuda.lib.DriverLibrary.Gpu;

/** Says where {@code CompiledKernels} would take the kernels from. */
final class KernelOrigin {
    private KernelOrigin() {}

    static String text(CudaLibraries libraries, Optional<PackedKernels> packed, Optional<DriverLibrary.Report> driver) {
        String made = packed.map(
                        all -> "packed by CUDA " + all.cuda() + " for " + String.join(", ", all.architectures()))
                .orElse("none packed");
        if (packed.isPresent()
                && driver.map(report -> serves(packed.get(), report)).orElse(true)) {
            return made;
        }
        String fits = packed.isPresent() ? made + ", not for this GPU and driver" : made;
        return libraries
                .get(CudaLibrary.NVRTC)
                .map(found -> fits + "; NVRTC compiles them at first use")
                .orElseGet(() -> fits + ", and none can be compiled: " + libraries.missing(CudaLibrary.NVRTC));
    }

    /** A driver without a GPU refuses none. */
    private static boolean serves(PackedKernels packed, DriverLibrary.Report driver) {
        String cuda = driver.cuda();
        return cuda == null
                || driver.gpus().stream()
                        .map(Gpu::capability)
                        .allMatch(capability -> packed.serve(number(capability, 10, 1), number(cuda, 1000, 10)));
    }

    /** Of {@code MAJOR.MINOR}. */
    private static int number(String version, int major, int minor) {
        int dot = version.indexOf('.');
        return major * Integer.parseInt(version.substring(0, dot))
                + minor * Integer.parseInt(version.substring(dot + 1));
    }
}
