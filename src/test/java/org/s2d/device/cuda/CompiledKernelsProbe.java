package org.s2d.device.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.s2d.device.DeviceException;
import org.s2d.device.cuda.lib.CudaLibraries;
import org.s2d.device.natives.Machine;

/** A process of its own, since NVRTC is bound once per process: prints what the kernels became, for each capability given. */
final class CompiledKernelsProbe {
    private CompiledKernelsProbe() {}

    /** {@code SOURCE_FOLDER FILE CAPABILITY...}. */
    public static void main(String[] arguments) throws IOException {
        CudaLibraries libraries = CudaLibraries.find(Machine.ofProcess());
        KernelSources sources = new KernelSources(List.of(Path.of(arguments[0])));
        for (int i = 2; i < arguments.length; i++) {
            CompiledKernels kernels = new CompiledKernels(
                    libraries,
                    Integer.parseInt(arguments[i]),
                    KernelCache.ofUser(),
                    Optional.empty(),
                    Optional.of(sources));
            try {
                Path image = kernels.image(arguments[1]);
                System.out.println(Files.readString(image).replace("\0", "<end>") + " " + image);
            } catch (DeviceException e) {
                System.out.println(e.getMessage());
            }
        }
    }
}
