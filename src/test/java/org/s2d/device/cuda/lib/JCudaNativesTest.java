package org.s2d.device.cuda.lib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.Machine;
import org.s2d.device.natives.StandIn;

/** JCuda's own libraries, bound to stand-ins for NVIDIA's. */
class JCudaNativesTest {
    @TempDir
    Path directory;

    private Path toolkit(int major) throws IOException, InterruptedException {
        Path lib = directory.resolve("toolkit").resolve("lib64");
        for (String name : List.of("libcublas.so.", "libcublasLt.so.")) {
            StandIn.build(lib, name + major, "cublas_standin.c", "-DSTANDIN_VERSION=" + major + "0042");
        }
        return directory.resolve("toolkit");
    }

    private String probe(Path toolkit) throws IOException, InterruptedException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        ProcessBuilder builder = new ProcessBuilder(
                java.toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                JCublasProbe.class.getName());
        builder.environment().clear();
        builder.environment()
                .putAll(Map.of(
                        "CUDA_HOME", toolkit.toString(),
                        "XDG_CACHE_HOME", directory.resolve("cache").toString()));
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13})
    void jcublasCallsReachTheInstalledCublas(int major) throws IOException, InterruptedException {
        String expected = "created 0, asked 0, version " + major + "0042, temporary "
                + System.getProperty("java.io.tmpdir") + System.lineSeparator();
        Path toolkit = toolkit(major);
        assertThat(probe(toolkit)).isEqualTo(expected);
        assertThat(probe(toolkit)).as("from the cache").isEqualTo(expected);
        try (var cached = Files.walk(directory.resolve("cache"))) {
            assertThat(cached.filter(Files::isRegularFile))
                    .singleElement()
                    .satisfies(file -> assertThat(file.toString()).contains("libJCublas2"));
        }
    }

    @Test
    void aMissingLibraryIsNamed() {
        CudaLibraries none = CudaLibraries.find(new Machine(directory, Map.of()));
        assertThatThrownBy(() -> new JCudaNatives(none, directory.resolve("cache")).loadDriver())
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("libcuda.so.1")
                .hasMessageContaining("not found");
    }

    @Test
    void aLibraryThatCannotBeLoadedIsNamedWithTheLoadersReason() throws IOException {
        StandIn.header(directory.resolve("usr/lib/libcuda.so.1"));
        CudaLibraries broken = CudaLibraries.find(new Machine(directory, Map.of()));
        assertThatThrownBy(() -> new JCudaNatives(broken, directory.resolve("cache")).loadDriver())
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining(directory.resolve("usr/lib/libcuda.so.1").toString());
    }
}
