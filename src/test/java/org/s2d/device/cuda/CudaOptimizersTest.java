package org.s2d.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.s2d.device.Device;
import org.s2d.device.Losses;
import org.s2d.device.Optimizers.AdamWStep;
import org.s2d.device.Optimizers.Slot;
import org.s2d.device.PreparedAdamW;
import org.s2d.device.Seed;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Optimiser kernels, and soft targets, on the emulator beside the reference. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class CudaOptimizersTest {
    /** More than a chunk, none, and odd ones. */
    private static final int[] SIZES = {1, 7, 16, 20_001, 33, 0, 16_384};

    private final Device reference = new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
    private CudaDevice emulator;

    @BeforeAll
    void open() {
        Emulators.assumeCompiler();
        emulator = Emulators.device(EmulatorDriver.Execution.DEFERRED);
    }

    @AfterAll
    void close() {
        reference.close();
        if (emulator != null) {
            emulator.close();
        }
    }

    private static float[] draw(int seed, int size) {
        Random random = new Random(seed * 1000L + size);
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }

    private static float[] squares(float[] values) {
        float[] squares = values.clone();
        for (int i = 0; i < squares.length; i++) {
            squares[i] *= squares[i];
        }
        return squares;
    }

    /** One tensor per size; every second one does not begin at a multiple of 16 bytes. */
    private static List<Tensor> tensors(Device device, Scope scope, int seed, boolean squared) {
        List<Tensor> tensors = new ArrayList<>();
        for (int i = 0; i < SIZES.length; i++) {
            int shift = i % 2;
            Tensor tensor = scope.allocate(device.floatType(), Shape.of(SIZES[i] + shift))
                    .narrow(0, shift, SIZES[i]);
            float[] values = draw(seed, SIZES[i]);
            device.upload(tensor, squared ? squares(values) : values);
            tensors.add(tensor);
        }
        return tensors;
    }

    private static List<Slot> slots(Device device, Scope scope) {
        List<Tensor> parameters = tensors(device, scope, 1, false);
        List<Tensor> gradients = tensors(device, scope, 2, false);
        List<Tensor> first = tensors(device, scope, 3, false);
        List<Tensor> second = tensors(device, scope, 4, true);
        List<Slot> slots = new ArrayList<>();
        for (int i = 0; i < SIZES.length; i++) {
            slots.add(new Slot(
                    parameters.get(i), gradients.get(i), first.get(i), second.get(i), 0.01 * (i + 1), 0.05 * (i % 2)));
        }
        return slots;
    }

    private static double[] values(Device device, Tensor tensor) {
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            Tensor host = scope.allocate(DType.F64, tensor.shape());
            device.download(host, tensor);
            return host.toDoubles();
        }
    }

    private void check(Tensor actual, Tensor exact) {
        double[] values = values(emulator, actual);
        double[] expected = values(reference, exact);
        assertThat(values).hasSameSizeAs(expected);
        for (int i = 0; i < values.length; i++) {
            assertThat(values[i]).isCloseTo(expected[i], within(5e-7 * (1 + Math.abs(expected[i]))));
        }
    }

    @Test
    void adamWUpdatesEveryTensorAsTheReferenceDoes() {
        try (Scope device = new Scope(emulator.allocator());
                Scope host = new Scope(reference.allocator())) {
            List<Slot> actual = slots(emulator, device);
            List<Slot> exact = slots(reference, host);
            AdamWStep step = new AdamWStep(5, 0.9, 0.999, 1e-8, 0.25);
            emulator.optimizers().adamW(actual, step);
            reference.optimizers().adamW(exact, step);
            for (int i = 0; i < SIZES.length; i++) {
                check(actual.get(i).parameter(), exact.get(i).parameter());
                check(actual.get(i).expAvg(), exact.get(i).expAvg());
                check(actual.get(i).expAvgSq(), exact.get(i).expAvgSq());
                check(actual.get(i).gradient(), exact.get(i).gradient());
            }
            emulator.optimizers().adamW(List.of(), step);
        }
    }

    /** Judges and updates; slots with even numbers are a step further than the others. Returns the report. */
    private static double[] preparedUpdate(
            Device device, Scope scope, List<Slot> slots, float watched, double maxNorm, double unscale) {
        PreparedAdamW prepared = device.optimizers().prepare(scope, slots, new AdamWStep(1, 0.9, 0.999, 1e-8, 1));
        List<PreparedAdamW.Rate> rates = new ArrayList<>();
        for (int i = 0; i < slots.size(); i++) {
            rates.add(new PreparedAdamW.Rate(4 - i % 2, 0.01 * (i + 1), 0.05));
        }
        prepared.rates(rates);
        Tensor seen = scope.allocate(device.floatType(), Shape.of(2));
        device.upload(seen, 3, watched);
        Tensor report = scope.allocate(DType.F64, Shape.of(4));
        prepared.judge(report, seen, maxNorm, unscale);
        prepared.update(report.narrow(0, 0, 1));
        return values(device, report);
    }

    @Test
    void preparedUpdatesClipByTheNormAndSkipWhatIsNotFinite() {
        for (double maxNorm : new double[] {0, 1, 1e9}) {
            try (Scope device = new Scope(emulator.allocator());
                    Scope host = new Scope(reference.allocator())) {
                List<Slot> actual = slots(emulator, device);
                List<Slot> exact = slots(reference, host);
                double[] report = preparedUpdate(emulator, device, actual, 7, maxNorm, 0.25);
                double[] expected = preparedUpdate(reference, host, exact, 7, maxNorm, 0.25);
                assertThat(report[0]).isCloseTo(expected[0], within(1e-13));
                assertThat(report[1]).isCloseTo(expected[1], within(1e-10));
                assertThat(report[2]).isEqualTo(3);
                assertThat(report[3]).isEqualTo(7);
                for (int i = 0; i < SIZES.length; i++) {
                    check(actual.get(i).parameter(), exact.get(i).parameter());
                    check(actual.get(i).expAvgSq(), exact.get(i).expAvgSq());
                }
                double[] before = values(emulator, actual.get(3).parameter());
                double[] moments = values(emulator, actual.get(3).expAvg());
                double[] skipped = preparedUpdate(emulator, device, actual, Float.NEGATIVE_INFINITY, maxNorm, 0.25);
                assertThat(skipped[0]).isNaN();
                assertThat(skipped[1]).isEqualTo(report[1]);
                emulator.upload(actual.get(2).gradient().narrow(0, 5, 1), Float.NaN);
                assertThat(preparedUpdate(emulator, device, actual, 7, maxNorm, 0.25))
                        .startsWith(Double.NaN, Double.NaN);
                assertThat(values(emulator, actual.get(3).parameter())).isEqualTo(before);
                assertThat(values(emulator, actual.get(3).expAvg())).isEqualTo(moments);
            }
        }
    }

    @Test
    void movingAverageMovesEveryTensor() {
        try (Scope device = new Scope(emulator.allocator());
                Scope host = new Scope(reference.allocator())) {
            List<Tensor> actual = tensors(emulator, device, 6, false);
            List<Tensor> exact = tensors(reference, host, 6, false);
            emulator.optimizers().movingAverage(actual, tensors(emulator, device, 7, false), 0.9);
            reference.optimizers().movingAverage(exact, tensors(reference, host, 7, false), 0.9);
            for (int i = 0; i < SIZES.length; i++) {
                check(actual.get(i), exact.get(i));
            }
        }
    }

    @Test
    void normIsThatOfAllTensorsTogether() {
        try (Scope device = new Scope(emulator.allocator());
                Scope host = new Scope(reference.allocator())) {
            List<Tensor> tensors = tensors(emulator, device, 5, false);
            double exact = reference.optimizers().norm(tensors(reference, host, 5, false));
            assertThat(emulator.optimizers().norm(tensors)).isCloseTo(exact, within(1e-13 * exact));
            assertThat(emulator.optimizers().norm(List.of())).isZero();
            Tensor narrow = device.allocate(DType.BF16, Shape.of(3));
            emulator.upload(narrow, 3, 0, 4);
            assertThat(emulator.optimizers().norm(List.of(narrow))).isEqualTo(5);
            Tensor large = device.allocate(DType.F32, Shape.of(4));
            emulator.upload(large, 3e38f, 0, 3e38f, 0);
            assertThat(emulator.optimizers().norm(List.of(large))).isCloseTo(3e38f * Math.sqrt(2), within(1e30));
            emulator.upload(tensors.get(1), 1, 2, 3, Float.POSITIVE_INFINITY, 5, 6, 7);
            assertThat(emulator.optimizers().norm(tensors)).isInfinite();
            emulator.upload(tensors.get(2).narrow(0, 0, 1), Float.NaN);
            assertThat(emulator.optimizers().norm(tensors)).isNaN();
        }
    }

    private Tensor anchors(Device device, Scope scope, int[] sizes, int k) {
        int batch = sizes[0];
        int classes = sizes[1];
        int size = sizes[2];
        int width = sizes[3];
        Tensor feature = scope.allocate(device.floatType(), Shape.of(batch, width));
        Tensor queue = scope.allocate(device.floatType(), Shape.of(classes, size, width));
        Tensor distribution = scope.allocate(device.floatType(), Shape.of(classes, size, classes));
        Tensor out = scope.allocate(device.floatType(), Shape.of(batch, classes));
        device.upload(feature, draw(8, batch * width));
        float[] rows = draw(9, classes * size * width);
        // A repeated anchor: of equal similarities the lower index counts as the greater.
        System.arraycopy(rows, 0, rows, width, size > 1 ? width : 0);
        device.upload(queue, rows);
        device.upload(distribution, squares(draw(10, classes * size * classes)));
        Tensor logits = scope.allocate(device.floatType(), out.shape());
        Tensor loss = scope.allocate(device.floatType(), Shape.of(batch));
        device.elementwise().fill(logits, 0);
        device.losses().anchorLoss(loss, out, logits, feature, new Losses.Anchors(queue, distribution), k);
        return out;
    }

    @Test
    void softTargetsAreThoseOfTheReference() {
        for (int[] sizes : new int[][] {{3, 7, 16, 24}, {1, 1, 1, 1}, {2, 11, 40, 5}, {0, 7, 4, 8}}) {
            for (int k : new int[] {1, Math.min(4, sizes[2])}) {
                try (Scope device = new Scope(emulator.allocator());
                        Scope host = new Scope(reference.allocator())) {
                    double[] actual = values(emulator, anchors(emulator, device, sizes, k));
                    double[] exact = values(reference, anchors(reference, host, sizes, k));
                    for (int i = 0; i < exact.length; i++) {
                        assertThat(actual[i])
                                .as("%s, k = %d, element %d", Arrays.toString(sizes), k, i)
                                .isCloseTo(exact[i], within(2e-6 * (1 + Math.abs(exact[i]))));
                    }
                }
            }
        }
    }

    private static double[] pushed(Device device, Scope scope, float factor) {
        Tensor queue = scope.allocate(device.floatType(), Shape.of(3, 4, 5));
        device.upload(queue, draw(11, 60));
        Tensor rows = scope.allocate(device.floatType(), Shape.of(7, 5));
        device.upload(rows, draw(12, 35));
        Tensor labels = scope.allocate(device.floatType(), Shape.of(7));
        device.upload(labels, 2, 0, 2, 2, 0, 2, 2);
        Tensor one = scope.allocate(DType.F64, Shape.of(1));
        device.upload(one, factor);
        device.losses().pushAnchors(queue, rows, labels, one);
        return values(device, queue);
    }

    @Test
    void samplesReplaceTheOldestAnchorsOfTheirClass() {
        try (Scope device = new Scope(emulator.allocator());
                Scope host = new Scope(reference.allocator())) {
            double[] queue = pushed(emulator, device, 0.5f);
            assertThat(queue).isEqualTo(pushed(reference, host, 0.5f));
            float[] rows = draw(12, 35);
            float[] before = draw(11, 60);
            assertThat(queue[20]).as("a class without samples").isEqualTo(before[20]);
            assertThat(queue[0]).as("two steps further").isEqualTo(before[10]);
            assertThat(queue[55]).as("the newest of five, at the end").isEqualTo(rows[30]);
            assertThat(queue[40]).as("the oldest of four that remain").isEqualTo(rows[10]);
            assertThat(pushed(emulator, device, Float.NaN)).containsExactly(pushed(reference, host, Float.NaN));
            assertThat(pushed(emulator, device, Float.NaN)[0]).isEqualTo(before[0]);
        }
    }

    @Test
    void randomNumbersAreFunctionsOfSeedAndMemory() {
        try (Scope device = new Scope(emulator.allocator());
                CpuDevice cpu = new CpuDevice(new HostPool(), 1);
                Scope host = new Scope(cpu.allocator())) {
            Tensor base = device.allocate(DType.I64, Shape.of(1));
            emulator.upload(base, host.allocate(DType.I64, Shape.of(1)).set(1L << 60));
            Tensor out = device.allocate(DType.F32, Shape.of(300));
            Tensor exact = host.allocate(DType.F32, out.shape());
            emulator.elementwise().keepScales(out, 0.3, new Seed(base, -99));
            cpu.elementwise().keepScales(exact, 0.3, Seed.of((1L << 60) - 99));
            assertThat(values(emulator, out))
                    .isEqualTo(exact.toDoubles())
                    .contains(0)
                    .contains((float) (1 / 0.7));
            Tensor in = device.allocate(DType.F32, out.shape());
            emulator.upload(in, draw(1, 300));
            emulator.elementwise().dropout(out, in, 0.3, new Seed(base, 5));
            cpu.elementwise()
                    .dropout(
                            exact,
                            host.allocate(DType.F32, out.shape()).set(draw(1, 300)),
                            0.3,
                            Seed.of((1L << 60) + 5));
            assertThat(values(emulator, out)).isEqualTo(exact.toDoubles());
        }
    }
}
