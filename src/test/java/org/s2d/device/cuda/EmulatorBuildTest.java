package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.device.DeviceException;

class EmulatorBuildTest {
    private static final Path KERNELS = KernelSources.ofCheckout().roots().getFirst();

    @TempDir
    private Path folder;

    @BeforeAll
    static void needsCompiler() {
        Emulators.assumeCompiler();
    }

    @BeforeEach
    void writeKernel() throws IOException {
        Files.writeString(folder.resolve("number.cuh"), "constexpr int NUMBER = 1;\n");
        Files.writeString(folder.resolve("small.cu"), """
            #include "common/types.cuh"
            #include "number.cuh"
            extern "C" __global__ void __launch_bounds__(32) small_forward(int *out) { *out = NUMBER; }
            extern "C" __global__ void small_backward(int *out) { *out = -NUMBER; }
            """);
    }

    private EmulatorBuild build(String compiler) {
        KernelSources sources = new KernelSources(List.of(folder, KERNELS));
        return new EmulatorBuild(sources, folder.resolve("cache"), EmulatorBuild.Checks.NORMAL, compiler);
    }

    @Test
    void buildsAgainOnlyWhenASourceChanged() throws IOException {
        Path first = build("g++").image("small");
        FileTime time = Files.getLastModifiedTime(first);
        assertThat(build("g++").image("small")).isEqualTo(first);
        assertThat(Files.getLastModifiedTime(first)).isEqualTo(time);
        Files.writeString(folder.resolve("number.cuh"), "constexpr int NUMBER = 2;\n");
        assertThat(build("g++").image("small")).exists().isNotEqualTo(first);
    }

    @Test
    void findsEntryPoints() {
        assertThat(build("g++").entryPoints("small")).containsExactly("small_forward", "small_backward");
    }

    @Test
    void saysWhatToInstallWhereThereIsNoCompiler() {
        assertThatThrownBy(() -> build("no-such-g++").image("small"))
                .isInstanceOf(DeviceException.class)
                .hasMessage("emulator: it is built with g++ (12 or later), and there is no no-such-g++ on this machine."
                        + " Install it (Debian: apt-get install g++), or name it in CXX.");
    }

    @Test
    void showsWhatTheCompilerSays() throws IOException {
        Files.writeString(folder.resolve("number.cuh"), "constexpr int NUMBER = nothing;\n");
        assertThatThrownBy(() -> build("g++").image("small"))
                .isInstanceOf(DeviceException.class)
                .hasMessageStartingWith("emulator: building small failed:")
                .hasMessageContaining("number.cuh:1:")
                .hasMessageContaining("nothing");
    }

    @Test
    void refusesSharedMemoryThatItCannotWatch() throws IOException {
        Files.writeString(folder.resolve("small.cu"), """
            #include "common/types.cuh"
            extern "C" __global__ void small_forward(int *out) {
                __shared__ int values[32];
                *out = values[0] = 1;
            }
            """);
        assertThatThrownBy(() -> build("g++").image("small"))
                .hasMessageContaining("use S2D_SHARED: the emulator checks dynamic shared memory only");
    }

    @Test
    void namesSourcesThatAreMissing() {
        assertThatThrownBy(() -> build("g++").image("large"))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("no kernel source large.cu");
    }
}
