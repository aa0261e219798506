package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.s2d.ChildTests;
import org.s2d.cli.Main;
import org.s2d.device.natives.StandIn;

/** JCuda over stand-ins for NVIDIA's libraries, each machine in processes of its own. */
class JcudaDriverTest {
    private static StandInGpu machine() throws IOException, InterruptedException {
        return new StandInGpu("driver").driver();
    }

    @TestFactory
    Stream<DynamicTest> memoryStreamsGraphsAndErrors() throws IOException, InterruptedException {
        return ChildTests.run(
                JcudaDriverChild.class,
                machine().with("STANDIN_MEMORY", "67108864").environment());
    }

    @TestFactory
    Stream<DynamicTest> kernelsThatFail() throws IOException, InterruptedException {
        return ChildTests.run(FailedKernelChild.class, machine().environment());
    }

    @TestFactory
    Stream<DynamicTest> productsOfCublas() throws IOException, InterruptedException {
        StandInGpu machine = new StandInGpu("products").driver().cublas(13, 13);
        return ChildTests.run(FinishedProductsChild.class, machine.environment());
    }

    /** A library that finds no algorithm leaves everything to cuBLAS and our own kernel. */
    @TestFactory
    Stream<DynamicTest> productsWithoutCublasLt() throws IOException, InterruptedException {
        StandInGpu machine = new StandInGpu("refused").driver().cublas(13, 13).with("STANDIN_LT_REFUSES", "1");
        return ChildTests.run(CublasProductsChild.class, machine.environment());
    }

    @TestFactory
    Stream<DynamicTest> convolutionsOfCudnn() throws IOException, InterruptedException {
        return ChildTests.run(
                CudnnConvolutionsChild.class,
                new StandInGpu("cudnn").driver().cublas(13, 13).cudnn(90501).environment());
    }

    /** What a process said before it ended with the code for a device that is missing: one line. */
    private static void assertRefused(ChildTests.Result result, String... parts) {
        assertThat(result.exit()).as(result.output()).isEqualTo(3);
        String lines = result.output().replaceAll("(?m)^(WARNING: Using incubator modules|stand-in).*\\R", "");
        assertThat(lines).hasLineCount(1).contains(parts);
    }

    private static ChildTests.Result commandLine(StandInGpu machine) throws IOException, InterruptedException {
        String[] command = {"verify", "weights/reference/timm_ops", "--device", "cuda"};
        return ChildTests.java(machine.environment(), Main.class, command);
    }

    @Test
    void withoutADriverTheMissingFileIsNamed() throws IOException, InterruptedException {
        assertRefused(
                commandLine(new StandInGpu("nothing")),
                "s2d: --device cuda: libcuda.so.1 (NVIDIA driver) was not found");
    }

    @Test
    void aDriverWithoutGpuSaysSo() throws IOException, InterruptedException {
        assertRefused(
                commandLine(machine().with("STANDIN_GPUS", "-1")), "cuInit", "CUDA_ERROR_NO_DEVICE", "nvidia-smi");
        assertRefused(
                commandLine(machine().with("STANDIN_GPUS", "0")), "the driver sees no GPU", "CUDA_VISIBLE_DEVICES");
    }

    @Test
    void driversAndGpusThatAreTooOldAreNamed() throws IOException, InterruptedException {
        assertRefused(
                commandLine(machine().with("STANDIN_VERSION", "11080")),
                "cuda: the driver is for CUDA 11.8; 12.0 or later is needed. Install a newer driver.");
        assertRefused(
                commandLine(machine().with("STANDIN_MAJOR", "7")),
                "cuda: Stand-in 70 has compute capability 7.6; 8.0 or later is needed");
    }

    @Test
    void aDriverThatCannotBeLoadedIsNamedWithTheLoadersReason() throws IOException, InterruptedException {
        StandInGpu machine = new StandInGpu("damaged");
        StandIn.header(Path.of(machine.environment().get("LD_LIBRARY_PATH"), "libcuda.so.1"));
        assertRefused(commandLine(machine), "libcuda.so.1", "cannot load");
    }

    @Test
    void aCudnnOfAnotherVersionIsRefused() throws IOException, InterruptedException {
        StandInGpu machine = new StandInGpu("oldcudnn").driver().cublas(12, 12).cudnn(8907);
        assertRefused(
                ChildTests.java(machine.environment(), OpenedGpu.class),
                "cuda: libcudnn.so.9 says that it is of version 8907. Install cuDNN 9.");
    }

    @Test
    void aCublasOfAnotherVersionIsRefused() throws IOException, InterruptedException {
        StandInGpu machine = new StandInGpu("wrong").driver().cublas(12, 11);
        assertRefused(
                ChildTests.java(machine.environment(), OpenedGpu.class),
                "cuda: libcublas.so.12 says that it is cuBLAS 11.1. Install cuBLAS 12.");
    }
}
