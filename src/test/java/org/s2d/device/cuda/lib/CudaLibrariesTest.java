package org.s2d.device.cuda.lib;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.device.DeviceException;
import org.s2d.device.cuda.lib.FoundLibrary.Origin;
import org.s2d.device.natives.Machine;

/** Libraries are found wherever users have them: each test lays out a machine as a folder. */
class CudaLibrariesTest {
    @TempDir
    Path root;

    private final Map<String, String> environment = new HashMap<>();

    private FakeMachine machine() {
        return new FakeMachine(root);
    }

    private CudaLibraries find() {
        return CudaLibraries.find(new Machine(root, environment));
    }

    private static String text(FoundLibrary found) {
        return found.origin() + " " + found.path() + " " + found.version();
    }

    private void expect(CudaLibraries libraries, CudaLibrary library, Origin origin, String path, String version) {
        assertThat(libraries.get(library).map(CudaLibrariesTest::text))
                .contains(origin + " " + root.resolve(path) + " " + version);
    }

    @Test
    void anEmptyMachineHasNothingAndEveryMessageNamesTheFileAndTheRemedy() {
        CudaLibraries none = find();
        assertThat(none.found()).isEmpty();
        assertThat(none.cudaMajor()).isEqualTo(13);
        assertThatThrownBy(() -> none.require(CudaLibrary.DRIVER))
                .isInstanceOf(DeviceException.class)
                .hasMessageStartingWith("--device cuda: libcuda.so.1 (NVIDIA driver) was not found")
                .hasMessageContaining("Install")
                .message()
                .doesNotContain("\n");
        for (CudaLibrary library : CudaLibrary.values()) {
            assertThat(none.missing(library)).contains(library.soname(13), library.purpose());
        }
    }

    @Test
    void aToolkitOfCuda12IsFoundWithItsFullVersions() throws IOException {
        machine()
                .driver("550.54.15")
                .linked("usr/local/cuda-12.4/targets/x86_64-linux/lib", "libcublas.so.12", "libcublas.so.12.4.5.8")
                .linked("usr/local/cuda-12.4/targets/x86_64-linux/lib", "libcublasLt.so.12", "libcublasLt.so.12.4.5.8")
                .linked("usr/local/cuda-12.4/targets/x86_64-linux/lib", "libnvrtc.so.12", "libnvrtc.so.12.4.127");
        CudaLibraries found = find();
        assertThat(found.cudaMajor()).isEqualTo(12);
        expect(found, CudaLibrary.DRIVER, Origin.LOADER, "lib/x86_64-linux-gnu/libcuda.so.1", "550.54.15");
        String folder = "usr/local/cuda-12.4/targets/x86_64-linux/lib/";
        expect(found, CudaLibrary.CUBLAS, Origin.TOOLKIT, folder + "libcublas.so.12", "12.4.5.8");
        expect(found, CudaLibrary.CUBLAS_LT, Origin.TOOLKIT, folder + "libcublasLt.so.12", "12.4.5.8");
        expect(found, CudaLibrary.NVRTC, Origin.TOOLKIT, folder + "libnvrtc.so.12", "12.4.127");
        assertThat(found.get(CudaLibrary.CUDNN)).isEmpty();
        assertThat(found.missing(CudaLibrary.CUDNN)).contains("libcudnn.so.9", "nvidia-cudnn-cu12");
    }

    @Test
    void wheelsOfCuda13AreFoundInTheActiveEnvironment() throws IOException {
        environment.put("VIRTUAL_ENV", "/home/u/env");
        machine().driver("580.95.05").wheels13("home/u/env/lib/python3.12/site-packages");
        CudaLibraries found = find();
        assertThat(found.cudaMajor()).isEqualTo(13);
        String packages = "home/u/env/lib/python3.12/site-packages/nvidia/";
        expect(found, CudaLibrary.CUBLAS, Origin.PYTHON, packages + "cu13/lib/libcublas.so.13", "13.0.0.19");
        expect(found, CudaLibrary.CUBLAS_LT, Origin.PYTHON, packages + "cu13/lib/libcublasLt.so.13", "13.0.0.19");
        expect(found, CudaLibrary.NVRTC, Origin.PYTHON, packages + "cu13/lib/libnvrtc.so.13", "13.0.48");
        expect(found, CudaLibrary.CUDNN, Origin.PYTHON, packages + "cudnn/lib/libcudnn.so.9", "9.13.0.50");
    }

    @Test
    void wheelsOfCuda12AreFoundThroughThePythonOnThePath() throws IOException {
        environment.put("PATH", "/usr/bin:/opt/python/bin");
        machine()
                .driver("535.183.01")
                .file("opt/python/bin/python3")
                .wheels12("opt/python/lib/python3.10/site-packages");
        CudaLibraries found = find();
        assertThat(found.cudaMajor()).isEqualTo(12);
        String packages = "opt/python/lib/python3.10/site-packages/nvidia/";
        expect(found, CudaLibrary.CUBLAS, Origin.PYTHON, packages + "cublas/lib/libcublas.so.12", "12.6.4.1");
        expect(found, CudaLibrary.NVRTC, Origin.PYTHON, packages + "cuda_nvrtc/lib/libnvrtc.so.12", "12.6.77");
    }

    @Test
    void aDriverOfCuda12DoesNotGetLibrariesOfCuda13() throws IOException {
        machine()
                .driver("550.54.15")
                .library("usr/local/cuda-13.0/lib64/libcublas.so.13")
                .library("usr/local/cuda-13.0/lib64/libcublasLt.so.13");
        CudaLibraries tooNew = find();
        assertThat(tooNew.get(CudaLibrary.CUBLAS)).isEmpty();
        assertThat(tooNew.missing(CudaLibrary.CUBLAS))
                .contains("libcublas.so.12", "libcublas.so.13 needs a driver of release 580 or later");
        machine().library("opt/cuda/lib64/libcublas.so.12").library("opt/cuda/lib64/libcublasLt.so.12");
        assertThat(find().cudaMajor()).isEqualTo(12);
    }

    @Test
    void theNewestToolkitWinsAndTheLoaderPathComesFirst() throws IOException {
        machine()
                .driver("580.95.05")
                .library("usr/local/cuda-12.10/lib64/libcublas.so.12")
                .library("usr/local/cuda-12.9/lib64/libcublas.so.12");
        expect(find(), CudaLibrary.CUBLAS, Origin.TOOLKIT, "usr/local/cuda-12.10/lib64/libcublas.so.12", "null");
        machine().library("usr/lib64/libcublas.so.12");
        expect(find(), CudaLibrary.CUBLAS, Origin.LOADER, "usr/lib64/libcublas.so.12", "null");
        environment.put("LD_LIBRARY_PATH", "/none:/mine");
        machine().library("mine/libcublas.so.12");
        expect(find(), CudaLibrary.CUBLAS, Origin.LD_LIBRARY_PATH, "mine/libcublas.so.12", "null");
    }

    @Test
    void theStandInDriverOfAToolkitIsNoDriver() throws IOException {
        environment.put("CUDA_HOME", "/usr/local/cuda");
        machine().library("usr/local/cuda/lib64/libcuda.so.1");
        assertThat(find().get(CudaLibrary.DRIVER)).isEmpty();
    }

    @Test
    void filesThatAreNoLibrariesAreSkipped() throws IOException {
        machine().driver("580.95.05").file("usr/lib64/libcublas.so.13").library("opt/cuda/lib64/libcublas.so.13");
        expect(find(), CudaLibrary.CUBLAS, Origin.TOOLKIT, "opt/cuda/lib64/libcublas.so.13", "null");
    }

    @Test
    void condaKeepsItsLibrariesInItsOwnFolder() throws IOException {
        environment.put("CONDA_PREFIX", "/conda");
        machine().driver("580.95.05").linked("conda/lib", "libcublas.so.12", "libcublas.so.12.6.4.1");
        expect(find(), CudaLibrary.CUBLAS, Origin.PYTHON, "conda/lib/libcublas.so.12", "12.6.4.1");
    }

    @Test
    void relativeAndEmptyVariablesAreIgnored() throws IOException {
        environment.put("LD_LIBRARY_PATH", "::.:lib");
        environment.put("CUDA_HOME", "");
        environment.put("PATH", "");
        Files.createDirectories(root.resolve("lib"));
        assertThat(find().found()).isEmpty();
    }
}
