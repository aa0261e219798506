package org.s2d.check.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.s2d.check.Item;
import org.s2d.check.Size;
import org.s2d.check.kernels.Operand.Role;
import org.s2d.device.Device;
import org.s2d.device.Elementwise.Unary;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.device.cuda.EmulatorDriver;
import org.s2d.device.cuda.Emulators;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;

/** Kernel benchmarks: what is wrong is not timed, and all of them run on the emulator. */
class KernelItemsTest {
    private static final int ROWS = 100;
    private static final int COLUMNS = 30;

    private final Device reference = new ReferenceDevice(new HostPool());
    private final Device cpu = new CpuDevice(new HostPool(), 1);

    @AfterEach
    void closeDevices() {
        reference.close();
        cpu.close();
    }

    private static ObjectNode run(Item item) {
        ObjectNode record = new ObjectMapper().createObjectNode();
        item.work().run(record);
        return record;
    }

    /** GELU, of which some rows are computed. */
    private static KernelCase gelu(int from, int count) {
        return KernelCase.of("GELU", DType.F32)
                .activation("x", Role.READ, ROWS, COLUMNS)
                .activation("y", Role.WRITTEN, ROWS, COLUMNS)
                .checkedRows(2)
                .run((device, t) -> {
                    boolean whole = t.get("x").dim(0) < ROWS; // the reference's few rows
                    int start = whole ? 0 : from;
                    int rows = whole ? t.get("x").dim(0) : count;
                    device.elementwise()
                            .unary(
                                    Unary.GELU,
                                    t.get("y").narrow(0, start, rows),
                                    t.get("x").narrow(0, start, rows));
                });
    }

    @Test
    void aRightKernelIsTimed() {
        ObjectNode record = run(new KernelItems(cpu, reference, Size.TINY).item(gelu(0, ROWS)));
        assertThat(record.path("bytes").asLong()).isEqualTo(2L * ROWS * COLUMNS * Float.BYTES);
        assertThat(record.path("milliseconds").asDouble()).isPositive();
        assertThat(record.path("errors").path("y").asDouble()).isBetween(0.0, 1.0);
    }

    @Test
    void aKernelThatLeavesTheLastRowUnwrittenIsNotTimed() {
        Item item = new KernelItems(cpu, reference, Size.TINY).item(gelu(0, ROWS - 1));
        assertThatThrownBy(() -> run(item))
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith("not timed, its results are wrong: y: error NaN");
    }

    @Test
    void aKernelThatIsSlightlyWrongIsNotTimed() {
        KernelCase wrong = KernelCase.of("scaling", DType.F32)
                .activation("x", Role.READ, ROWS, COLUMNS)
                .activation("y", Role.WRITTEN, ROWS, COLUMNS)
                .run((device, t) -> device.elementwise()
                        .scale(t.get("y"), t.get("x"), device.name().equals("cpu") ? 2.00001 : 2));
        Item item = new KernelItems(cpu, reference, Size.TINY).item(wrong);
        assertThatThrownBy(() -> run(item)).hasMessageStartingWith("not timed, its results are wrong: y: error");
    }

    @Test
    void allKernelsRunOnTheEmulator() {
        Emulators.assumeCompiler();
        try (Device emulator = Emulators.device(EmulatorDriver.Execution.IMMEDIATE)) {
            List<Item> items = new KernelItems(emulator, reference, Size.TINY).items(Size.TINY);
            assertThat(items).hasSizeGreaterThan(50);
            for (Item item : items) {
                ObjectNode record = run(item);
                assertThat(record.path("milliseconds").asDouble())
                        .as(item.name())
                        .isPositive();
                if (!item.name().startsWith("ceiling")) {
                    assertThat(record.path("limit_milliseconds").asDouble())
                            .as(item.name())
                            .isPositive();
                }
            }
        }
    }
}
