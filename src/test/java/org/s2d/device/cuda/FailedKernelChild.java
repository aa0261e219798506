package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.s2d.device.DeviceException;

/** A kernel that fails takes the GPU's context with it, as far as this process is concerned. */
class FailedKernelChild {
    private static final int N = 64;

    @Test
    void theErrorShowsWhereTheHostWaitsAndStays() {
        String hint = ": CUDA_ERROR_LAUNCH_FAILED: a kernel failed, the last one launched was writes_behind."
                + " Start again with CUDA_LAUNCH_BLOCKING=1 in the environment to see which.";
        JcudaDriver driver = StandInGpu.driverOfProcess();
        try (Arena arena = Arena.ofConfined()) {
            long stream = driver.createStream();
            long module = driver.loadModule(JcudaDriverChild.brokenKernels().image("broken"));
            long out = driver.allocate(N * Float.BYTES);
            long in = driver.allocate(N * Float.BYTES);
            launch(driver, arena, driver.function(module, "sound"), "sound", out, in, stream);
            driver.synchronize(stream);
            launch(driver, arena, driver.function(module, "writes_behind"), "writes_behind", out, in, stream);
            assertThatThrownBy(() -> driver.synchronize(stream))
                    .isInstanceOf(DeviceException.class)
                    .hasMessage("cuda: wait for the GPU" + hint);
            MemorySegment host = arena.allocate(ValueLayout.JAVA_INT);
            assertThatThrownBy(() -> driver.copyToHost(host, out, stream))
                    .hasMessage("cuda: copy 4 bytes from the GPU" + hint);
            assertThatThrownBy(() -> driver.allocate(8)).hasMessage("cuda: allocate 8 bytes" + hint);
            driver.free(in);
            driver.unloadModule(module);
            driver.destroyStream(stream);
        } finally {
            driver.close();
        }
    }

    private static void launch(
            JcudaDriver driver, Arena arena, long function, String name, long out, long in, long stream) {
        LaunchContract contract = LaunchContract.threads(N).shared(1024).aligned(4);
        Arguments arguments = new Arguments(arena).pointer(out).pointer(in).int32(N);
        Launch launch = Launch.of(2, N).shared(N * Float.BYTES);
        driver.launch(new Kernel(name, function, contract), launch, arguments, stream);
    }
}
