package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.s2d.device.DeviceException;
import org.s2d.tensor.DType;

/** Kernels of {@code src/test/kernels/broken.cu}: the emulator says in one line what is wrong with each. */
class BrokenKernelsTest {
    private static final int N = 64;
    private static final LaunchContract CONTRACT =
            LaunchContract.threads(N).shared(1024).aligned(4);

    private static EmulatorBuild build;

    private final Arena arena = Arena.ofConfined();
    private EmulatorDriver driver;
    private long module;
    private long out;
    private long in;

    @BeforeAll
    static void buildKernels() {
        Emulators.assumeCompiler();
        build = Emulators.build(new KernelSources(List.of(
                Path.of("src", "test", "kernels"),
                KernelSources.ofCheckout().roots().getFirst())));
    }

    @BeforeEach
    void openDriver() {
        driver = new EmulatorDriver(build.core(), EmulatorDriver.Execution.IMMEDIATE, EmulatorDriver.SecondRuns.ALL);
        module = driver.loadModule(build.image("broken"));
        out = driver.allocate(N * Float.BYTES);
        in = driver.allocate(N * Float.BYTES);
        driver.copyToDevice(in, floats(new Random(1)), 0);
    }

    @AfterEach
    void closeDriver() {
        try (arena) {
            driver.free(out);
            driver.free(in);
            driver.unloadModule(module);
            driver.close();
        }
    }

    private MemorySegment floats(Random random) {
        float[] values = new float[N];
        for (int i = 0; i < N; i++) {
            values[i] = random.nextFloat() + 0.5f;
        }
        return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
    }

    private Arguments arguments() {
        return new Arguments(arena);
    }

    private void launch(String name, int blocks, int n, LaunchContract contract) {
        Kernel kernel = new Kernel(name, driver.function(module, name), contract);
        Launch launch = Launch.of(blocks, N).shared(N * Float.BYTES);
        driver.launch(kernel, launch, arguments().pointer(out).pointer(in).int32(n), 0);
    }

    /** A kernel and what is said about it; {@code blocks} of 64 threads, {@code n} of the buffers' 64 elements. */
    private record Fault(String kernel, int blocks, int n, String message) {
        Fault(String kernel, String message) {
            this(kernel, 1, N, message);
        }

        @Override
        public String toString() {
            return kernel;
        }
    }

    static Stream<Fault> faults() {
        return Stream.of(
                new Fault(
                        "writes_behind",
                        2,
                        N,
                        "block (1,0,0), thread (0,0,0): wrote behind the end of a buffer of 256 bytes (argument 0)"),
                new Fault(
                        "writes_before",
                        "block (0,0,0), thread (0,0,0): wrote just before the start of a buffer of 256 bytes"
                                + " (argument 0)"),
                new Fault("writes_constant", "wrote to argument 1, which points to constants"),
                new Fault("reads_behind", "depends on what lies outside of a buffer: it reads out of range"),
                new Fault(
                        "misses_barrier",
                        "depends on the order of the threads of a block: they race, a barrier is missing"),
                new Fault(
                        "misses_warp_barrier",
                        "depends on the order of the threads of a block: they race, a barrier is missing"),
                new Fault(
                        "reads_unwritten_shared",
                        "the result (argument 0, byte 20 of 256) depends on undefined shared memory"),
                new Fault("overruns_shared", "wrote behind its 256 bytes of shared memory"),
                new Fault("blocks_race", 3, N, "depends on the order of the blocks: they race"),
                new Fault(
                        "diverges_at_barrier",
                        "__syncthreads at broken.cu:LINE was reached by 32 of 64 threads; thread (32,0,0) has ended"),
                new Fault(
                        "mixes_barriers",
                        "threads of the block wait at different barriers: this one at broken.cu:LINE, others at"
                                + " broken.cu:LINE"),
                new Fault(
                        "shuffles_outside_mask",
                        "__shfl_xor_sync: lane 16 is not in the mask 0x0000ffff it passes at broken.cu:LINE"),
                new Fault(
                        "shuffles_from_absent",
                        "__shfl_xor_sync: lane 0 reads lane 16, which is not in the mask 0x0000ffff at broken.cu:LINE"),
                new Fault(
                        "shuffles_with_ended",
                        "__shfl_down_sync at broken.cu:LINE waits for lane 16 of its mask, which has ended"),
                new Fault(
                        "votes_against_shuffle",
                        "__any_sync: other lanes of the mask are in __shfl_xor_sync at broken.cu:LINE at"
                                + " broken.cu:LINE"),
                new Fault("misaligns_pack", "16-byte access at an address that is not a multiple of 16"),
                new Fault("misaligns_vector", "access at an address that is not a multiple of 16 at broken.cu:LINE"),
                new Fault("misses_async_wait", "depends on undefined shared memory"),
                new Fault("misaligns_async_copy", "cp.async: addresses are not aligned to the size"),
                new Fault(
                        "misaligns_matrix_load",
                        "ldmatrix: the row of lane 1 is not 16 aligned bytes of shared memory"),
                new Fault(
                        "multiplies_without_a_lane",
                        "mma.sync at mma.cuh:LINE waits for lane 7 of its mask, which has ended"));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void faultIsReported(Fault fault) {
        assumeTrue(
                EmulatorBuild.Checks.ofProcess() == EmulatorBuild.Checks.NORMAL,
                "the sanitizers end the process with a report of their own");
        DeviceException error = catchThrowableOfType(
                DeviceException.class, () -> launch(fault.kernel(), fault.blocks(), fault.n(), CONTRACT));
        assertThat(String.valueOf(error.getMessage()).replaceAll("(\\.cuh?:)\\d+", "$1LINE"))
                .startsWith("emulator: " + fault.kernel() + ": ")
                .contains(fault.message())
                .doesNotContain("\n");
    }

    @Test
    void soundKernelsPass() {
        for (int n : new int[] {N, N - 1, 33, 1}) {
            assertThatCode(() -> launch("sound", 1, n, CONTRACT)).doesNotThrowAnyException();
        }
    }

    @Test
    void elementsThatNobodyWroteStayNan() {
        launch("leaves_tail", 1, 63, CONTRACT);
        MemorySegment host = arena.allocate(N * Float.BYTES, 8);
        driver.copyToHost(host, out, 0);
        assertThat(host.getAtIndex(ValueLayout.JAVA_FLOAT, 59)).isFinite();
        for (int i = 60; i < N; i++) {
            assertThat(host.getAtIndex(ValueLayout.JAVA_FLOAT, i)).isNaN();
        }
    }

    @Test
    void orderOfAtomicsMayShowWhereTheContractSaysSo() {
        driver.fill(out, (byte) 0, N * Float.BYTES, 0);
        assertThatThrownBy(() -> launch("sums_in_any_order", 1, N, CONTRACT))
                .hasMessageContaining("depends on the order of the threads of a block");
        assertThatCode(() -> launch("sums_in_any_order", 1, N, CONTRACT.atomic()))
                .doesNotThrowAnyException();
    }

    @Test
    void goesOnAfterAnError() {
        assertThatThrownBy(() -> launch("diverges_at_barrier", 1, N, CONTRACT)).isInstanceOf(DeviceException.class);
        assertThatCode(() -> launch("sound", 1, N, CONTRACT)).doesNotThrowAnyException();
    }

    @Test
    void argumentsAreThoseOfTheSignature() {
        Kernel kernel = new Kernel("sound", driver.function(module, "sound"), CONTRACT);
        Launch launch = Launch.of(1, N).shared(N * Float.BYTES);
        assertThatThrownBy(() -> driver.launch(kernel, launch, arguments().pointer(out), 0))
                .hasMessage("emulator: sound: 1 arguments, it has 3 parameters");
        assertThatThrownBy(() -> driver.launch(
                        kernel, launch, arguments().pointer(out).pointer(in).int64(1), 0))
                .hasMessage("emulator: sound: argument 2 has 8 bytes, its parameter 4");
        assertThatThrownBy(() -> driver.launch(
                        kernel,
                        launch.shared(50_000),
                        arguments().pointer(out).pointer(in).int32(1),
                        0))
                .hasMessage("emulator: sound: 50000 bytes of shared memory, allowed are 49152");
        assertThatThrownBy(() -> driver.function(module, "unsound"))
                .hasMessage("emulator: the module has no kernel unsound");
    }

    @Test
    void memoryThatWasFreedIsRecognised() {
        driver.free(in);
        assertThatThrownBy(() -> launch("sound", 1, N, CONTRACT))
                .hasMessage("emulator: sound: argument 1: use after free of a buffer of 256 bytes");
        in = driver.allocate(N * Float.BYTES);
    }

    @Test
    void tensorCoreProductHasTheDocumentedLayout() {
        Random random = new Random(2);
        float[] a = random(random, 256);
        float[] b = random(random, 128);
        long left = upload(a);
        long right = upload(b);
        long product = driver.allocate(128 * Float.BYTES);
        Kernel kernel = new Kernel("multiply_sound", driver.function(module, "multiply_sound"), CONTRACT);
        driver.launch(
                kernel,
                Launch.of(1, 32).shared(768),
                arguments().pointer(product).pointer(left).pointer(right),
                0);
        MemorySegment host = arena.allocate(128 * Float.BYTES, 8);
        driver.copyToHost(host, product, 0);
        for (int i = 0; i < 128; i++) {
            double sum = 0;
            for (int k = 0; k < 16; k++) {
                sum += (double) a[i / 8 * 16 + k] * b[k * 8 + i % 8];
            }
            assertThat((double) host.getAtIndex(ValueLayout.JAVA_FLOAT, i))
                    .as("row %d, column %d", i / 8, i % 8)
                    .isCloseTo(sum, within(1e-5));
        }
        driver.free(left);
        driver.free(right);
        driver.free(product);
    }

    /** Values that BF16 holds. */
    private static float[] random(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = DType.fromBf16(DType.toBf16(random.nextFloat() - 0.5f));
        }
        return values;
    }

    private long upload(float[] values) {
        MemorySegment host = arena.allocate(values.length * 2L, 8);
        for (int i = 0; i < values.length; i++) {
            host.setAtIndex(ValueLayout.JAVA_SHORT, i, DType.toBf16(values[i]));
        }
        long address = driver.allocate(host.byteSize());
        driver.copyToDevice(address, host, 0);
        return address;
    }
}
