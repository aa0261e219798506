package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.s2d.device.DeviceException;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Storage;

/** Device memory: who gets which block, and what is said when there is none. */
class DevicePoolTest {
    private EmulatorDriver driver;
    private DevicePool pool;

    @BeforeAll
    static void needsCompiler() {
        Emulators.assumeCompiler();
    }

    @BeforeEach
    void open() {
        driver = new EmulatorDriver(
                Emulators.build().core(), EmulatorDriver.Execution.IMMEDIATE, EmulatorDriver.SecondRuns.ALL);
        pool = new DevicePool(driver, 0, DevicePool.Reuse.CACHE);
    }

    @AfterEach
    void close() {
        pool.close();
        driver.close();
    }

    /** Address of a block that is given back at once. */
    private long passing(long bytes) {
        Storage block = pool.allocate(bytes);
        long address = block.address();
        block.release();
        return address;
    }

    @Test
    void blocksOfGraphsGoToNobodyElse() {
        pool.addGraph();
        pool.useBlocksOfGraphs(true);
        long ofGraph = passing(4096);
        pool.useBlocksOfGraphs(false);
        Storage other = pool.allocate(4096);
        assertThat(other.address()).isNotEqualTo(ofGraph);
        pool.trim();
        pool.useBlocksOfGraphs(true);
        assertThat(passing(4096)).as("trimming leaves it").isEqualTo(ofGraph);
        Storage lasting = pool.allocate(4096);
        pool.useBlocksOfGraphs(false);
        lasting.release();
        Storage third = pool.allocate(4096);
        assertThat(third.address()).as("it went back to the graphs").isNotEqualTo(ofGraph);
        third.release();
        pool.removeGraph();
        long allocations = pool.driverAllocations();
        Storage first = pool.allocate(4096);
        Storage second = pool.allocate(4096);
        assertThat(pool.driverAllocations())
                .as("without graphs all are for all")
                .isEqualTo(allocations);
        first.release();
        second.release();
        other.release();
    }

    @Test
    void aStepOfGraphsIsNotKeptTwice() {
        passing(1 << 20);
        pool.addGraph();
        pool.useBlocksOfGraphs(true);
        passing(1 << 20);
        pool.useBlocksOfGraphs(false);
        assertThat(pool.reservedBytes()).isEqualTo(1 << 20);
        pool.removeGraph();
    }

    @Test
    void whoHasTheMemoryIsSaidWhenThereIsNone() {
        driver.limitMemory(16 << 20);
        try (Scope weights = new Scope(pool, "weights");
                Scope activations = new Scope(pool, "activations")) {
            weights.allocate(DType.F32, Shape.of(1 << 20));
            activations.allocate(DType.F32, Shape.of(1 << 20));
            activations.allocate(DType.F32, Shape.of(1 << 19));
            passing(5 << 20);
            assertThatThrownBy(() -> activations.allocate(DType.F32, Shape.of(7, 1 << 18)))
                    .isInstanceOf(DeviceException.class)
                    .hasMessage("emulator: out of memory: asked for 7.0 MiB, free 6.0 MiB of 16.0 MiB. In use:"
                            + " activations 6.0 MiB, weights 4.0 MiB, 10.0 MiB in all. Lower the batch size or"
                            + " the frames of a clip, set train.micro_batch, or compute in bf16.");
        }
    }
}
