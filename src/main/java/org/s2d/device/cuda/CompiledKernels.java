package org.s2d.device.cuda;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.device.cuda.lib.CudaLibraries;
import org.s2d.device.cuda.lib.CudaLibrary;
import org.s2d.device.cuda.lib.Nvrtc;

/**
 * Kernels for a real GPU: those that the build packed, where they fit the GPU, the driver and the sources beside the program;
 * else compiled here by NVRTC, once.
 */
public final class CompiledKernels implements KernelImages {
    /** Asynchronous copies and products of bf16 tiles. */
    private static final int OLDEST_CAPABILITY = 80;

    private final CudaLibraries libraries;
    private final int capability;
    private final KernelCache cache;
    private final Optional<PackedKernels> packed;
    private final Optional<KernelSources> sources;
    private @Nullable RuntimeKernels runtime;

    CompiledKernels(
            CudaLibraries libraries,
            int capability,
            KernelCache cache,
            Optional<PackedKernels> packed,
            Optional<KernelSources> sources) {
        this.libraries = libraries;
        this.capability = capability;
        this.cache = cache;
        this.packed = packed;
        this.sources = sources;
    }

    /**
     * For one GPU. Throws {@link DeviceException} when it is too old.
     *
     * @param driverCuda what {@code cuDriverGetVersion} says: 13000 for CUDA 13.0
     */
    public static CompiledKernels of(CudaLibraries libraries, DeviceProperties gpu, int driverCuda) {
        int capability = 10 * gpu.major() + gpu.minor();
        if (capability < OLDEST_CAPABILITY) {
            throw new DeviceException("cuda: " + gpu.name() + " has compute capability " + gpu.major() + "."
                    + gpu.minor() + "; the kernels need 8.0 (A100, RTX 30) or newer.");
        }
        Optional<PackedKernels> packed = PackedKernels.ofProgram().filter(all -> all.serve(capability, driverCuda));
        return new CompiledKernels(libraries, capability, KernelCache.ofUser(), packed, KernelSources.ifPresent());
    }

    @Override
    public Path image(String file) {
        return packed.filter(all -> isCurrent(all, file))
                .map(all -> all.image(file, cache))
                .orElseGet(() -> runtime().image(file));
    }

    private boolean isCurrent(PackedKernels all, String file) {
        return sources.map(here -> all.isOf(file, here.unit(file))).orElse(true);
    }

    private RuntimeKernels runtime() {
        if (runtime == null) {
            if (libraries.get(CudaLibrary.NVRTC).isEmpty()) {
                throw new DeviceException(
                        "--device cuda: no packed kernels fit this GPU, the driver and the sources, and "
                                + libraries.missing(CudaLibrary.NVRTC));
            }
            KernelSources here = sources.orElseGet(KernelSources::ofCheckout); // which says where they should be
            runtime = new RuntimeKernels(here, cache, Nvrtc.load(libraries), capability);
        }
        return runtime;
    }
}
