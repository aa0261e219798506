package org.s2d.device.cuda.lib;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.s2d.device.natives.StandIn;

/**
 * A folder laid out like a machine with NVIDIA's libraries, whose files have the right names and first bytes.
 *
 * @param root the folder that stands for {@code /}
 */
public record FakeMachine(Path root) {
    /** An empty file. */
    public FakeMachine file(String path) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.write(file, new byte[0]);
        return this;
    }

    public FakeMachine library(String path) throws IOException {
        StandIn.header(root.resolve(path));
        return this;
    }

    /** A library under its full name, with a link by its soname, as packages of the system have it. */
    public FakeMachine linked(String folder, String soname, String file) throws IOException {
        library(folder + "/" + file);
        Files.createSymbolicLink(root.resolve(folder).resolve(soname), Path.of(file));
        return this;
    }

    public FakeMachine driver(String release) throws IOException {
        return linked("lib/x86_64-linux-gnu", "libcuda.so.1", "libcuda.so." + release);
    }

    public FakeMachine wheels12(String packages) throws IOException {
        wheel(packages, "nvidia_cublas_cu12-12.6.4.1", "nvidia/cublas/lib", "libcublas.so.12", "libcublasLt.so.12");
        wheel(packages, "nvidia_cudnn_cu12-9.5.1.17", "nvidia/cudnn/lib", "libcudnn.so.9");
        return wheel(packages, "nvidia_cuda_nvrtc_cu12-12.6.77", "nvidia/cuda_nvrtc/lib", "libnvrtc.so.12");
    }

    public FakeMachine wheels13(String packages) throws IOException {
        wheel(packages, "nvidia_cublas-13.0.0.19", "nvidia/cu13/lib", "libcublas.so.13", "libcublasLt.so.13");
        wheel(packages, "nvidia_cudnn_cu13-9.13.0.50", "nvidia/cudnn/lib", "libcudnn.so.9");
        return wheel(packages, "nvidia_cuda_nvrtc-13.0.48", "nvidia/cu13/lib", "libnvrtc.so.13");
    }

    private FakeMachine wheel(String packages, String name, String folder, String... files) throws IOException {
        StringBuilder record = new StringBuilder("nvidia/__init__.py,,\n");
        for (String file : files) {
            library(packages + "/" + folder + "/" + file);
            record.append(folder).append('/').append(file).append(",sha256=x,1\n");
        }
        Path info = Files.createDirectories(root.resolve(packages).resolve(name + ".dist-info"));
        Files.writeString(info.resolve("RECORD"), record);
        return this;
    }

    /** Removes a file. */
    public FakeMachine without(String path) throws IOException {
        Files.delete(root.resolve(path));
        return this;
    }
}
