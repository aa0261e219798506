package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.s2d.device.DeviceException;
import org.s2d.device.cuda.lib.CudaLibraries;
import org.s2d.device.natives.Machine;
import org.s2d.device.natives.StandIn;

/** Kernels compiled at run time, by a stand-in for NVRTC behind JCuda's own library. */
class CompiledKernelsTest {
    @TempDir
    Path folder;

    @BeforeEach
    void writeKernel() throws IOException {
        Files.writeString(folder.resolve("small.cu"), "extern \"C\" __global__ void small() {}\n");
    }

    private List<String> probe(String... capabilities) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                CompiledKernelsProbe.class.getName(),
                folder.toString(),
                "small"));
        command.addAll(List.of(capabilities));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().clear();
        builder.environment()
                .putAll(Map.of(
                        "CUDA_HOME", folder.resolve("toolkit").toString(),
                        "XDG_CACHE_HOME", folder.resolve("cache").toString()));
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output.lines().toList();
    }

    private void installNvrtc(int major) throws IOException, InterruptedException {
        Path lib = folder.resolve("toolkit/lib64");
        StandIn.build(lib, "libnvrtc.so." + major, "nvrtc_standin.c", "-DSTANDIN_VERSION=" + major);
        StandIn.header(lib.resolve("libcublas.so." + major)); // it tells the version of CUDA
    }

    private List<Path> cached() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("cache/s2d/kernels"))) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void compilesForTheGpuAndKeepsTheResult(int major) throws IOException, InterruptedException {
        installNvrtc(major);
        String options = " --std=c++17 --generate-line-info small.cu";
        List<String> lines = probe("80", "90", "120", "90");
        assertThat(lines.get(0)).startsWith("--gpu-architecture=sm_80" + options);
        assertThat(lines.get(1)).startsWith("--gpu-architecture=sm_90a" + options);
        assertThat(lines.get(2)).startsWith("--gpu-architecture=compute_90" + options + "<end>");
        assertThat(lines.get(3)).isEqualTo(lines.get(1));
        assertThat(cached()).hasSize(3);
        assertThat(probe("80", "90", "120", "90")).as("another process").isEqualTo(lines);
    }

    @Test
    void aDamagedEntryIsCompiledAgain() throws IOException, InterruptedException {
        installNvrtc(13);
        List<String> lines = probe("90");
        Files.writeString(cached().getFirst(), "half");
        assertThat(probe("90")).isEqualTo(lines);
    }

    @Test
    void aChangedSourceIsCompiledAgain() throws IOException, InterruptedException {
        installNvrtc(13);
        List<String> lines = probe("90");
        Files.writeString(folder.resolve("small.cu"), "extern \"C\" __global__ void other() {}\n");
        assertThat(probe("90")).isNotEqualTo(lines);
    }

    @Test
    void showsWhatTheCompilerSays() throws IOException, InterruptedException {
        installNvrtc(13);
        Files.writeString(folder.resolve("small.cu"), "wrong");
        assertThat(probe("90")).containsExactly("NVRTC 13.0 cannot compile small.cu:", "small.cu: is wrong");
    }

    @Test
    void withoutNvrtcItSaysWhatToInstall() {
        CudaLibraries none = CudaLibraries.find(new Machine(folder, Map.of()));
        CompiledKernels kernels = new CompiledKernels(
                none, 90, new KernelCache(null), Optional.empty(), Optional.of(new KernelSources(List.of(folder))));
        assertThatThrownBy(() -> kernels.image("small"))
                .isInstanceOf(DeviceException.class)
                .hasMessageStartingWith(
                        "--device cuda: no packed kernels fit this GPU, the driver and the sources, and libnvrtc.so.13")
                .hasMessageContaining("pip install nvidia-cuda-nvrtc");
    }

    @Test
    void anOldGpuIsRefused() {
        CudaLibraries none = CudaLibraries.find(new Machine(folder, Map.of()));
        DeviceProperties turing = new DeviceProperties("T4", 7, 5, 40, 1024, 65536, 1L << 34);
        assertThatThrownBy(() -> CompiledKernels.of(none, turing, 13000))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("T4 has compute capability 7.5");
    }
}
