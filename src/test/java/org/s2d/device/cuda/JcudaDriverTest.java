package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.s2d.ChildTests;

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

    private static void assertRefused(StandInGpu machine, String... parts) throws IOException, InterruptedException {
        ChildTests.Result result = ChildTests.java(machine.environment(), OpenedGpu.class);
        assertThat(result.exit()).as(result.output()).isEqualTo(3);
        String lines = result.output().replaceAll("(?m)^WARNING: Using incubator modules.*\\R", "");
        assertThat(lines).hasLineCount(1).contains(parts);
    }

    @Test
    void withoutADriverTheMissingFileIsNamed() throws IOException, InterruptedException {
        assertRefused(new StandInGpu("nothing"), "--device cuda: libcuda.so.1 (NVIDIA driver) was not found");
    }

    @Test
    void aDriverWithoutGpuSaysSo() throws IOException, InterruptedException {
        assertRefused(machine().with("STANDIN_GPUS", "-1"), "cuInit", "CUDA_ERROR_NO_DEVICE", "nvidia-smi");
        assertRefused(machine().with("STANDIN_GPUS", "0"), "the driver sees no GPU", "CUDA_VISIBLE_DEVICES");
    }

    @Test
    void driversAndGpusThatAreTooOldAreNamed() throws IOException, InterruptedException {
        assertRefused(
                machine().with("STANDIN_VERSION", "11080"),
                "cuda: the driver is for CUDA 11.8; 12.0 or later is needed. Install a newer driver.");
        assertRefused(
                machine().with("STANDIN_MAJOR", "7"),
                "cuda: Stand-in 70 has compute capability 7.6; 8.0 or later is needed");
    }

    @Test
    void aCublasOfAnotherVersionIsRefused() throws IOException, InterruptedException {
        assertRefused(
                new StandInGpu("wrong").driver().cublas(12, 11),
                "cuda: libcublas.so.12 says that it is cuBLAS 11.1. Install cuBLAS 12.");
    }
}
