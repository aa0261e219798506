package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.s2d.device.DeviceException;
import org.s2d.tensor.Storage;

/**
 * The driver interface through JCuda: memory, streams, events, graphs, kernels and errors. Work runs when the host waits for it,
 * and closing finds what was leaked.
 */
class JcudaDriverChild {
    private final Arena arena = Arena.ofConfined();
    private JcudaDriver driver;

    @BeforeEach
    void open() {
        driver = StandInGpu.driverOfProcess();
    }

    @AfterEach
    void close() {
        try (arena) {
            driver.close();
        }
    }

    private MemorySegment ints(int... values) {
        return arena.allocateFrom(ValueLayout.JAVA_INT, values);
    }

    private static MemorySegment fill(MemorySegment memory, int value) {
        memory.set(ValueLayout.JAVA_INT, 0, value);
        return memory;
    }

    private int read(long address, long stream) {
        MemorySegment host = ints(0);
        driver.copyToHost(host, address, stream);
        driver.synchronize(stream);
        return host.get(ValueLayout.JAVA_INT, 0);
    }

    @Test
    void theGpuIsDescribed() {
        assertThat(driver.name()).isEqualTo("cuda");
        assertThat(driver.version()).isEqualTo(13000);
        assertThat(driver.properties())
                .isEqualTo(new DeviceProperties("Stand-in 70", 8, 6, 4, 1024, 99 * 1024, 64 << 20));
    }

    // Memory

    @Test
    void memoryIsCopiedFilledAndCounted() {
        long free = driver.memory().free();
        long from = driver.allocate(12);
        long to = driver.allocate(12);
        assertThat(driver.memory()).isEqualTo(new Driver.MemoryInfo(free - 24, 64 << 20));
        driver.fill(to, (byte) 1, 12, 0);
        driver.copyToDevice(from, ints(7, 8, 9), 0);
        driver.copyOnDevice(to + 4, from, 8, 0);
        MemorySegment host = ints(0, 0, 0);
        driver.copyToHost(host, to, 0);
        driver.synchronize(0);
        assertThat(host.toArray(ValueLayout.JAVA_INT)).containsExactly(0x01010101, 7, 8);
        driver.free(from, 0);
        driver.free(to);
        assertThat(driver.memory().free()).isEqualTo(free);
    }

    @Test
    void nothingIsCopiedOrFilledWhereThereIsNothing() {
        long block = driver.allocate(0);
        driver.fill(block, (byte) 1, 0, 0);
        driver.copyToDevice(block, ints(), 0);
        driver.copyToHost(ints(), block, 0);
        driver.copyOnDevice(block, block, 0, 0);
        driver.free(block);
    }

    @Test
    void memoryThatRunsOutIsSaidToTheCallerWhoMayHaveSomeToGiveBack() {
        long block = driver.allocate(40 << 20);
        assertThatThrownBy(() -> driver.allocate(30 << 20))
                .isInstanceOf(OutOfDeviceMemory.class)
                .hasMessage("out of memory: asked for 31457280 bytes");
        driver.free(block);
    }

    @Test
    void aPoolGivesBackWhatItKeepsBeforeItGivesUp() {
        long stream = driver.createStream();
        DevicePool pool = new DevicePool(driver, stream, DevicePool.Reuse.CACHE);
        pool.allocate(40 << 20).release();
        Storage storage = pool.allocate(30 << 20);
        assertThatThrownBy(() -> pool.allocate(40 << 20))
                .isInstanceOf(DeviceException.class)
                .hasMessageStartingWith("cuda: out of memory: asked for 40.0 MiB, free 34.0 MiB of 64.0 MiB. In use: ")
                .hasMessageContaining("30.0 MiB in all. Lower the batch size");
        storage.release();
        pool.close();
        driver.destroyStream(stream);
    }

    @Test
    void wrongAddressesAreErrorsOfOneLine() {
        long block = driver.allocate(8);
        driver.free(block);
        assertThatThrownBy(() -> driver.free(block))
                .isInstanceOf(DeviceException.class)
                .hasMessage("cuda: free memory: CUDA_ERROR_INVALID_VALUE");
        assertThatThrownBy(() -> driver.copyToDevice(block, MemorySegment.ofArray(new int[2]), 0))
                .hasMessage("the driver cannot reach the Java heap");
    }

    @Test
    void pinnedMemoryIsReadAndWrittenWhenTheHostWaits() {
        long stream = driver.createStream();
        long block = driver.allocate(4);
        MemorySegment source = fill(driver.allocateHost(4), 1);
        MemorySegment target = fill(driver.allocateHost(4), 2);
        driver.copyToDevice(block, source, stream);
        driver.copyToHost(target, block, stream);
        fill(source, 3);
        assertThat(target.get(ValueLayout.JAVA_INT, 0)).isEqualTo(2);
        driver.synchronize(stream);
        assertThat(target.get(ValueLayout.JAVA_INT, 0)).isEqualTo(3);
        driver.freeHost(source);
        driver.freeHost(target);
        driver.free(block);
        driver.destroyStream(stream);
    }

    // Streams and events

    @Test
    void streamsRunInTheirOwnOrderUnlessTheyAwait() {
        long first = driver.createStream();
        long second = driver.createStream();
        long before = driver.createEvent();
        long event = driver.createEvent();
        long block = driver.allocate(4);
        driver.fill(block, (byte) 0, 4, 0);
        driver.synchronize(0);
        driver.record(before, first);
        driver.copyToDevice(block, ints(1), first);
        assertThat(read(block, second)).as("without an event").isZero();
        driver.record(event, first);
        assertThat(driver.hasHappened(event)).isFalse();
        driver.await(second, event);
        assertThat(read(block, second)).as("after the event").isEqualTo(1);
        assertThat(driver.hasHappened(event)).isTrue();
        driver.synchronizeEvent(event);
        assertThat(driver.milliseconds(before, event)).isBetween(0f, 60_000f);
        driver.free(block);
        driver.destroyEvent(before);
        driver.destroyEvent(event);
        driver.destroyStream(first);
        driver.destroyStream(second);
    }

    @Test
    void whatIsGoneIsNotUsed() {
        long stream = driver.createStream();
        driver.destroyStream(stream);
        assertThatThrownBy(() -> driver.synchronize(stream))
                .isInstanceOf(DeviceException.class)
                .hasMessage("cuda: stream %d does not exist (any more)", stream);
    }

    @Test
    void anotherThreadMayTakeOver() {
        long block = driver.allocate(4);
        driver.copyToDevice(block, ints(5), 0);
        CompletableFuture<Integer> read = new CompletableFuture<>();
        Thread other = new Thread(() -> {
            try (Arena own = Arena.ofConfined()) {
                MemorySegment host = own.allocate(ValueLayout.JAVA_INT);
                driver.copyToHost(host, block, 0);
                driver.synchronize(0);
                read.complete(host.get(ValueLayout.JAVA_INT, 0));
            } catch (RuntimeException e) {
                read.completeExceptionally(e);
            }
        });
        other.start();
        assertThat(read.join()).isEqualTo(5);
        driver.free(block);
    }

    // Graphs

    @Test
    void graphsRepeatWhatWasCaptured() {
        long stream = driver.createStream();
        long from = driver.allocate(4);
        long to = driver.allocate(4);
        driver.copyToDevice(from, ints(1), stream);
        driver.fill(to, (byte) 0, 4, stream);
        driver.beginCapture(stream);
        driver.copyOnDevice(to, from, 4, stream);
        long graph = driver.endCapture(stream);
        assertThat(read(to, stream)).as("captured, not run").isZero();
        long executable = driver.instantiate(graph);
        driver.destroyGraph(graph);
        for (int value = 5; value < 8; value++) {
            driver.copyToDevice(from, ints(value), stream);
            driver.launchGraph(executable, stream);
            assertThat(read(to, stream)).isEqualTo(value);
        }
        driver.destroyExecutable(executable);
        driver.free(from);
        driver.free(to);
        driver.destroyStream(stream);
    }

    // Kernels

    static KernelImages brokenKernels() {
        Path kernels = KernelSources.ofCheckout().roots().getFirst();
        return StandInGpu.images(
                Emulators.build(new KernelSources(List.of(Path.of("src", "test", "kernels"), kernels))));
    }

    @Test
    void kernelsThatAreNotThereAreNamed() throws IOException {
        long module = driver.loadModule(brokenKernels().image("broken"));
        assertThatThrownBy(() -> driver.function(module, "none"))
                .hasMessage("cuda: find the kernel none: CUDA_ERROR_NOT_FOUND");
        long function = driver.function(module, "sound");
        assertThatThrownBy(() -> driver.allowSharedBytes(function, 100 * 1024))
                .hasMessage("cuda: allow a kernel 102400 bytes of shared memory: CUDA_ERROR_INVALID_VALUE");
        driver.unloadModule(module);
        Path damaged = Files.createTempFile("damaged", ".cubin");
        assertThatThrownBy(() -> driver.loadModule(damaged))
                .isInstanceOf(DeviceException.class)
                .hasMessage("cuda: load the kernels in %s: CUDA_ERROR_INVALID_IMAGE", damaged);
        Files.delete(damaged);
        assertThatThrownBy(() -> driver.loadModule(damaged)).hasMessageContaining("cannot read the kernels in");
    }
}
