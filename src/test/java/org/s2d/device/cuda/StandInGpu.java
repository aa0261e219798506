package org.s2d.device.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.s2d.device.cuda.lib.CudaLibraries;
import org.s2d.device.cuda.lib.JCudaNatives;
import org.s2d.device.natives.Machine;
import org.s2d.device.natives.StandIn;

/**
 * NVIDIA's libraries, by us: the driver's functions over the emulator and plain loops for the rest. A process whose
 * environment is {@link #environment} has a device {@code cuda} without a GPU.
 */
public final class StandInGpu {
    private static final Path FOLDER = Path.of("target", "standin").toAbsolutePath();

    private final Path folder;
    private final Map<String, String> environment = new HashMap<>();

    /**
     * A machine without libraries.
     *
     * @param name of a folder for the libraries, one per machine that is laid out
     */
    public StandInGpu(String name) {
        Emulators.assumeCompiler();
        folder = FOLDER.resolve(name);
        environment.put("LD_LIBRARY_PATH", folder.toString());
        environment.put("XDG_CACHE_HOME", FOLDER.resolve("cache").toString());
    }

    /** Adds the driver. */
    public StandInGpu driver() throws IOException, InterruptedException {
        String core = Emulators.build().core().toAbsolutePath().toString();
        StandIn.build(folder, "libcuda.so.1", "emulated_driver.cpp", List.of(core));
        return this;
    }

    /**
     * Adds cuBLAS.
     *
     * @param says the version that it reports
     */
    public StandInGpu cublas(int major, int says) throws IOException, InterruptedException {
        String driver = folder.resolve("libcuda.so.1").toString();
        String version = "-DSTANDIN_MAJOR_VERSION=" + says;
        StandIn.build(folder, "libcublas.so." + major, "emulated_cublas.cpp", List.of(driver), version);
        StandIn.build(folder, "libcublasLt.so." + major, "emulated_cublaslt.cpp", List.of(driver), version);
        return this;
    }

    /** Adds cuDNN, which says that it is of the given version, as in 90501. */
    public StandInGpu cudnn(int version) throws IOException, InterruptedException {
        String driver = folder.resolve("libcuda.so.1").toString();
        StandIn.build(folder, "libcudnn.so.9", "emulated_cudnn.cpp", List.of(driver));
        return with("STANDIN_CUDNN_VERSION", String.valueOf(version));
    }

    /** A variable for the process; those that the stand-ins read begin with STANDIN. */
    public StandInGpu with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    public Map<String, String> environment() {
        return environment;
    }

    /** In the child: a driver, without the device around it. */
    static JcudaDriver driverOfProcess() {
        new JCudaNatives(CudaLibraries.find(Machine.ofProcess())).loadDriver();
        return new JcudaDriver();
    }

    /** In the child: the device on the libraries that the environment names. */
    public static CudaDevice open() {
        return CudaDevice.open(CudaLibraries.find(Machine.ofProcess()), driver -> images(Emulators.build()));
    }

    /** Texts that the driver's stand-in takes for compiled kernels. */
    static KernelImages images(EmulatorBuild build) {
        return file -> image(build.image(file));
    }

    private static Path image(Path library) {
        try {
            Path image = Files.createTempFile("kernels", ".image");
            image.toFile().deleteOnExit();
            return Files.writeString(image, "s2d-emulator-image:" + library.toAbsolutePath());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
