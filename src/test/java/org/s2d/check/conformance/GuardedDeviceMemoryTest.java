package org.s2d.check.conformance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.device.cuda.EmulatorDriver;
import org.s2d.device.cuda.Emulators;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** What stands in for the emulator's guards on a GPU, over the emulator's memory. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GuardedDeviceMemoryTest {
    private static final int COUNT = 5;

    private CudaDevice device;

    @BeforeAll
    void openDevice() {
        Emulators.assumeCompiler();
        device = Emulators.device(EmulatorDriver.Execution.DEFERRED);
    }

    @AfterAll
    void closeDevice() {
        if (device != null) {
            device.close();
        }
    }

    /** Lends a tensor of five floats and checks the guards afterwards. */
    private void use(BiConsumer<Tensor, Scope> work) {
        GuardedDeviceMemory memory = new GuardedDeviceMemory(device.context());
        try (memory;
                Scope scope = new Scope(memory)) {
            work.accept(scope.allocate(DType.F32, Shape.of(COUNT)), scope);
        }
    }

    private void fill(long address, int bytes) {
        device.context().driver().fill(address, (byte) 0, bytes, device.context().stream());
    }

    @Test
    void freshMemoryIsNan() {
        use((tensor, scope) -> {
            try (HostPool pool = new HostPool();
                    Scope host = new Scope(pool)) {
                Tensor read = host.allocate(DType.F32, tensor.shape());
                device.download(read, tensor);
                assertThat(read.toFloats()).containsOnly(Float.NaN);
            }
        });
    }

    @Test
    void writesInsideAreFine() {
        use((tensor, scope) -> fill(tensor.address(), COUNT * Float.BYTES));
    }

    @Test
    void aWriteBehindATensorIsSeen() {
        assertThatThrownBy(() -> use((tensor, scope) -> fill(tensor.address() + COUNT * Float.BYTES, 1)))
                .hasMessage("wrote 0 bytes after a tensor of 20 bytes");
    }

    @Test
    void aWriteBeforeATensorIsSeenAlsoWhenItWasGivenBack() {
        assertThatThrownBy(() -> use((tensor, scope) -> {
                    long address = tensor.address();
                    scope.release(tensor);
                    fill(address - 1, 1);
                }))
                .hasMessage("wrote 1 bytes before a tensor of 20 bytes");
    }

    @Test
    void aStorageThatIsStillHeldIsSeen() {
        assertThatThrownBy(() -> use((tensor, scope) -> tensor.storage().retain()))
                .hasMessage("1 storages never released");
    }
}
