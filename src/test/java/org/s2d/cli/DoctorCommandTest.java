package org.s2d.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.device.DeviceException;
import org.s2d.device.cpu.OneDnn;
import org.s2d.device.cuda.PackedKernels;
import org.s2d.device.cuda.lib.DriverLibrary.Gpu;
import org.s2d.device.cuda.lib.DriverLibrary.Report;
import org.s2d.device.cuda.lib.FakeMachine;
import org.s2d.device.natives.Machine;
import picocli.CommandLine;

/** The doctor on machines that each test lays out. */
class DoctorCommandTest {
    private static final Report WORKS = new Report("13.0", List.of(new Gpu("H200", "9.0", 132, 141L << 30)), null);

    @TempDir
    Path root;

    private final Map<String, String> environment = new HashMap<>(Map.of("VIRTUAL_ENV", "/env"));
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private Supplier<OneDnn> oneDnn = () -> new OneDnn("3.11.0", "/cache/libdnnl.so.3");
    private Report driver = WORKS;
    private Optional<PackedKernels> packed = Optional.empty();

    private FakeMachine machine() {
        return new FakeMachine(root);
    }

    private int doctor(String... arguments) {
        var probes = new Diagnosis.Probes(oneDnn, path -> driver, () -> packed);
        var command = new DoctorCommand(new Machine(root, environment), probes);
        return new CommandLine(command)
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    private String line(String start) {
        return out.toString()
                .lines()
                .filter(text -> text.startsWith(start))
                .findFirst()
                .orElse("");
    }

    @Test
    void withoutADriverTheCpuWorksAndTheMissingFileIsNamed() {
        assertThat(doctor()).isZero();
        assertThat(line("Java")).contains(System.getProperty("java.version"));
        assertThat(line("oneDNN")).contains("3.11.0", "/cache/libdnnl.so.3");
        assertThat(line("NVIDIA driver")).contains("missing", "libcuda.so.1", "Install");
        assertThat(line("cuBLAS ")).contains("missing", "libcublas.so.13", "pip install nvidia-cublas");
        assertThat(line("--device cpu")).endsWith("works");
        assertThat(line("--device cuda")).contains("cannot work", "libcuda.so.1");
        assertThat(doctor("--device", "cpu")).isZero();
        assertThat(err.toString()).isEmpty();
        assertThat(doctor("--device", "cuda")).isEqualTo(3);
        assertThat(err.toString())
                .startsWith("s2d: --device cuda cannot work: libcuda.so.1")
                .hasLineCount(1);
    }

    @Test
    void cuda12() throws IOException {
        machine().driver("550.54.15").wheels12("env/lib/python3.12/site-packages");
        driver = new Report("12.4", WORKS.gpus(), null);
        assertThat(doctor("--device", "cuda")).isZero();
        assertThat(line("NVIDIA driver")).contains("550.54.15", "libcuda.so.1", "[system]");
        assertThat(line("cuBLAS ")).contains("12.6.4.1", "libcublas.so.12", "[Python package]");
        assertThat(line("cuDNN")).contains("9.5.1.17", "libcudnn.so.9");
        assertThat(line("CUDA ")).contains("12.4");
        assertThat(line("GPU")).contains("H200", "9.0", "132", "141.0 GiB");
        assertThat(line("--device cuda")).endsWith("works");
    }

    @Test
    void cuda13() throws IOException {
        machine().driver("580.95.05").wheels13("env/lib/python3.12/site-packages");
        assertThat(doctor("--device", "cuda")).isZero();
        assertThat(line("cuBLASLt")).contains("13.0.0.19", "libcublasLt.so.13");
        assertThat(line("NVRTC")).contains("13.0.48", "libnvrtc.so.13");
        assertThat(line("--device cuda")).endsWith("works");
    }

    @Test
    void withoutCudnnTheGpuWorksAndTheDoctorSaysWhatDoesNot() throws IOException {
        machine()
                .driver("580.95.05")
                .wheels13("env/lib/python3.12/site-packages")
                .without("env/lib/python3.12/site-packages/nvidia/cudnn/lib/libcudnn.so.9");
        assertThat(doctor("--device", "cuda")).isZero();
        assertThat(line("cuDNN")).contains("missing", "landmark networks", "pip install nvidia-cudnn-cu13");
    }

    @Test
    void aDriverThatDoesNotStartGivesItsReason() throws IOException {
        machine().driver("580.95.05").wheels13("env/lib/python3.12/site-packages");
        driver = new Report("13.0", List.of(), "cuInit: no CUDA-capable device is detected (error 100)");
        assertThat(doctor("--device", "cuda")).isEqualTo(3);
        assertThat(line("--device cuda")).contains("cannot work", "no CUDA-capable device");
    }

    @Test
    void whereTheKernelsComeFrom() throws IOException {
        assertThat(doctor()).isZero();
        assertThat(line("GPU kernels")).contains("none packed", "libnvrtc.so.13", "pip install nvidia-cuda-nvrtc");
        machine().driver("580.95.05").wheels13("env/lib/python3.12/site-packages");
        out.getBuffer().setLength(0);
        assertThat(doctor()).isZero();
        assertThat(line("GPU kernels")).endsWith("none packed; NVRTC compiles them at first use");
        packed = Optional.of(new PackedKernels("13.0", List.of("sm_80", "sm_90a"), Map.of()));
        out.getBuffer().setLength(0);
        assertThat(doctor()).isZero();
        assertThat(line("GPU kernels")).endsWith("packed by CUDA 13.0 for sm_80, sm_90a");
        driver = new Report("13.0", List.of(new Gpu("RTX 5090", "12.0", 170, 32L << 30)), null);
        out.getBuffer().setLength(0);
        assertThat(doctor()).isZero();
        assertThat(line("GPU kernels")).endsWith("not for this GPU and driver; NVRTC compiles them at first use");
    }

    @Test
    void withoutOneDnnTheCpuCannotWork() {
        oneDnn = () -> {
            throw new DeviceException("cpu: libdnnl.so.3 is not on the class path.");
        };
        assertThat(doctor("--device", "cpu")).isEqualTo(3);
        assertThat(line("--device cpu")).contains("libdnnl.so.3");
    }

    @Test
    void theEmulatorNeedsACompiler() throws IOException {
        environment.put("PATH", "/bin");
        assertThat(doctor("--device", "emulator")).isEqualTo(3);
        assertThat(err.toString()).contains("g++");
        machine().file("bin/g++");
        assertThat(root.resolve("bin/g++").toFile().setExecutable(true)).isTrue();
        assertThat(doctor("--device", "emulator")).isZero();
    }

    @Test
    void jsonHasTheSame() throws IOException {
        machine().driver("580.95.05").wheels13("env/lib/python3.12/site-packages");
        assertThat(doctor("--json")).isZero();
        JsonNode json = new ObjectMapper().readTree(out.toString());
        assertThat(json.at("/host/cores").asInt()).isPositive();
        assertThat(json.at("/libraries/1/name").asText()).isEqualTo("NVIDIA driver");
        assertThat(json.at("/libraries/1/version").asText()).isEqualTo("580.95.05");
        assertThat(json.at("/gpus/0/name").asText()).isEqualTo("H200");
        assertThat(json.at("/devices/cuda").asText()).isEmpty();
    }

    @Test
    void anUnknownDeviceIsBadInput() {
        StringWriter text = new StringWriter();
        PrintWriter writer = new PrintWriter(text, true);
        assertThat(Main.run(writer, writer, "doctor", "--device", "toaster")).isEqualTo(2);
        assertThat(text.toString()).contains("toaster").hasLineCount(1);
    }
}
