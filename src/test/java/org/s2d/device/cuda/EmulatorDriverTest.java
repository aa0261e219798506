package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The fake driver refuses what the real one refuses or leaves undefined, and work runs when the host waits for it. */
class EmulatorDriverTest {
    private static Path core = Path.of("");

    private final Arena arena = Arena.ofConfined();
    private EmulatorDriver driver;

    @BeforeAll
    static void build() {
        Emulators.assumeCompiler();
        core = Emulators.build().core();
    }

    @BeforeEach
    void open() {
        driver = new EmulatorDriver(core, EmulatorDriver.Execution.DEFERRED, EmulatorDriver.SecondRuns.ALL);
    }

    @AfterEach
    void free() {
        arena.close();
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
        return host.get(ValueLayout.JAVA_INT, 0);
    }

    // Memory

    @Test
    void leaksAreNamed() {
        driver.allocate(100);
        driver.allocate(28);
        driver.createStream();
        driver.createEvent();
        MemorySegment pinned = driver.allocateHost(64);
        assertThat(pinned.byteSize()).isEqualTo(64);
        assertThatThrownBy(driver::close)
                .hasMessage("emulator: closed with 2 buffers (128 bytes), 1 streams, 1 events, 1 pinned host buffers"
                        + " never given back");
    }

    @Test
    void memoryIsFreedOnce() {
        long buffer = driver.allocate(100);
        driver.free(buffer);
        assertThatThrownBy(() -> driver.free(buffer))
                .hasMessage("emulator: free: a buffer of 100 bytes was freed twice");
        assertThatThrownBy(() -> driver.free(12345)).hasMessage("emulator: free: the address was never allocated");
        driver.close();
    }

    @Test
    void copiesStayInTheirBuffer() {
        long buffer = driver.allocate(8);
        assertThatThrownBy(() -> driver.copyToHost(arena.allocate(12), buffer, 0))
                .hasMessage("emulator: copy to host: 12 bytes, but the buffer of 8 bytes ends after 8");
        assertThatThrownBy(() -> driver.copyToHost(arena.allocate(8), buffer + 4, 0))
                .hasMessage("emulator: copy to host: 8 bytes, but the buffer of 8 bytes ends after 4");
        driver.fill(buffer - 4, (byte) 0, 8, 0);
        assertThatThrownBy(() -> driver.synchronize(0)).hasMessage("emulator: fill: not an address of device memory");
        driver.free(buffer);
        assertThatThrownBy(() -> driver.copyToHost(arena.allocate(8), buffer, 0))
                .hasMessage("emulator: copy to host: use after free of a buffer of 8 bytes");
        driver.close();
    }

    @Test
    void freedInTheOrderOfTheStream() {
        long stream = driver.createStream();
        long buffer = driver.allocate(4);
        driver.copyToDevice(buffer, ints(7), stream);
        driver.free(buffer, stream);
        driver.fill(buffer, (byte) 1, 4, stream);
        assertThatThrownBy(() -> driver.synchronize(stream))
                .hasMessage("emulator: fill: use after free of a buffer of 4 bytes");
        driver.destroyStream(stream);
        driver.close();
    }

    @Test
    void memoryRunsOut() {
        driver.limitMemory(1000);
        long buffer = driver.allocate(600);
        assertThat(driver.memory()).isEqualTo(new Driver.MemoryInfo(400, 1000));
        assertThatThrownBy(() -> driver.allocate(401))
                .isInstanceOf(OutOfDeviceMemory.class)
                .hasMessage("out of memory: asked for 401 bytes");
        driver.free(buffer);
        driver.close();
    }

    // Streams and events

    @Test
    void pinnedMemoryIsReadAndWrittenWhenTheHostWaits() {
        long stream = driver.createStream();
        long buffer = driver.allocate(4);
        MemorySegment source = fill(driver.allocateHost(4), 1);
        MemorySegment target = fill(driver.allocateHost(4), 2);
        driver.copyToDevice(buffer, source, stream);
        driver.copyToHost(target, buffer, stream);
        fill(source, 3);
        assertThat(target.get(ValueLayout.JAVA_INT, 0)).isEqualTo(2);
        driver.synchronize(stream);
        assertThat(target.get(ValueLayout.JAVA_INT, 0)).isEqualTo(3);
        driver.freeHost(source);
        driver.freeHost(target);
        driver.free(buffer);
        driver.destroyStream(stream);
        driver.close();
    }

    @Test
    void streamsRunInTheirOwnOrderUnlessTheyAwait() {
        long first = driver.createStream();
        long second = driver.createStream();
        long event = driver.createEvent();
        long buffer = driver.allocate(4);
        driver.fill(buffer, (byte) 0, 4, 0);
        driver.synchronize(0);
        driver.copyToDevice(buffer, ints(1), first);
        assertThat(read(buffer, second)).as("without an event").isZero();
        driver.record(event, first);
        assertThat(driver.hasHappened(event)).isFalse();
        driver.await(second, event);
        assertThat(read(buffer, second)).as("after the event").isEqualTo(1);
        assertThat(driver.hasHappened(event)).isTrue();
        driver.free(buffer);
        driver.destroyEvent(event);
        driver.destroyStream(first);
        driver.destroyStream(second);
        driver.close();
    }

    @Test
    void whatIsGoneIsNotUsed() {
        long stream = driver.createStream();
        driver.destroyStream(stream);
        assertThatThrownBy(() -> driver.synchronize(stream))
                .hasMessage("emulator: stream %d does not exist (any more)", stream);
        long event = driver.createEvent();
        assertThatThrownBy(() -> driver.synchronizeEvent(event))
                .hasMessage("emulator: synchronize: the event was never recorded");
        long later = driver.createEvent();
        driver.record(event, 0);
        driver.record(later, 0);
        assertThatThrownBy(() -> driver.milliseconds(event, later))
                .hasMessage("emulator: time between events: one of them has not happened");
        driver.synchronizeEvent(later);
        assertThat(driver.milliseconds(event, later)).isGreaterThanOrEqualTo(0);
        driver.destroyEvent(event);
        driver.destroyEvent(later);
        driver.close();
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
        driver.close();
    }

    @Test
    void callsThatBreakACaptureAreRefused() {
        long stream = driver.createStream();
        long buffer = driver.allocate(4);
        assertThatThrownBy(() -> driver.beginCapture(0)).hasMessageContaining("the default stream cannot be captured");
        assertThatThrownBy(() -> driver.endCapture(stream)).hasMessageContaining("the stream is not being captured");
        driver.beginCapture(stream);
        assertThatThrownBy(() -> driver.synchronize(stream))
                .hasMessageContaining("synchronize while the stream is being captured");
        assertThatThrownBy(() -> driver.allocate(4)).hasMessageContaining("allocate while a stream is being captured");
        assertThatThrownBy(() -> driver.free(buffer)).hasMessageContaining("free while a stream is being captured");
        assertThatThrownBy(() -> driver.copyToDevice(buffer, ints(1), stream))
                .hasMessageContaining("from memory that is not pinned while the stream is being captured");
        assertThatThrownBy(() -> read(buffer, stream))
                .hasMessageContaining("to memory that is not pinned while the stream is being captured");
        assertThatThrownBy(() -> driver.destroyStream(stream)).hasMessageContaining("while it is being captured");
        driver.destroyGraph(driver.endCapture(stream));
        assertThatCode(() -> driver.free(buffer)).doesNotThrowAnyException();
        driver.destroyStream(stream);
        driver.close();
    }

    @Test
    void nothingRunsOnAStreamAfterAnError() {
        long stream = driver.createStream();
        long buffer = driver.allocate(4);
        driver.fill(buffer, (byte) 0, 4, stream);
        driver.copyOnDevice(buffer, 64, 4, stream);
        driver.fill(buffer, (byte) 1, 4, stream);
        assertThatThrownBy(() -> driver.synchronize(stream)).hasMessageContaining("not an address of device memory");
        assertThat(read(buffer, stream)).isZero();
        driver.free(buffer);
        driver.destroyStream(stream);
        driver.close();
    }
}
