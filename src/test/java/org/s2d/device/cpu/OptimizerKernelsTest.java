package org.s2d.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.s2d.LeakCheckedPool;
import org.s2d.device.Optimizers.AdamWStep;
import org.s2d.device.Optimizers.Slot;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

class OptimizerKernelsTest {
    @RegisterExtension
    final LeakCheckedPool memory = new LeakCheckedPool();

    private final Workers workers = new Workers(3);
    private final CpuOptimizers cpu = new CpuOptimizers(workers);
    private final ReferenceOptimizers reference = new ReferenceOptimizers();
    private final int[] sizes = {1, 7, 16, 40_000, 33, 0, 20_001};

    @AfterEach
    void close() {
        workers.close();
    }

    private List<Tensor> tensors(Scope scope, DType type, int seed, boolean positive) {
        Random random = new Random(seed);
        List<Tensor> tensors = new ArrayList<>();
        for (int size : sizes) {
            Tensor tensor = scope.allocate(type, Shape.of(size));
            for (int i = 0; i < size; i++) {
                float value = (float) random.nextGaussian();
                tensor.setDouble(i, positive ? Math.abs(value) : value);
            }
            tensors.add(tensor);
        }
        return tensors;
    }

    private List<Slot> slots(Scope scope, DType type) {
        List<Tensor> parameters = tensors(scope, type, 1, false);
        List<Tensor> gradients = tensors(scope, type, 2, false);
        List<Tensor> first = tensors(scope, type, 3, false);
        List<Tensor> second = tensors(scope, type, 4, true);
        List<Slot> slots = new ArrayList<>();
        for (int i = 0; i < sizes.length; i++) {
            slots.add(new Slot(
                    parameters.get(i), gradients.get(i), first.get(i), second.get(i), 0.01 * (i + 1), 0.05 * (i % 2)));
        }
        return slots;
    }

    @Test
    void adamWUpdatesEveryTensorAsTheReferenceDoes() {
        try (Scope scope = new Scope(memory.pool())) {
            List<Slot> actual = slots(scope, DType.F32);
            List<Slot> exact = slots(scope, DType.F64);
            AdamWStep step = new AdamWStep(5, 0.9, 0.999, 1e-8, 0.25);
            cpu.adamW(actual, step);
            reference.adamW(exact, step);
            for (int i = 0; i < sizes.length; i++) {
                check(actual.get(i).parameter(), exact.get(i).parameter());
                check(actual.get(i).expAvg(), exact.get(i).expAvg());
                check(actual.get(i).expAvgSq(), exact.get(i).expAvgSq());
                check(actual.get(i).gradient(), exact.get(i).gradient());
            }
        }
    }

    private static void check(Tensor actual, Tensor exact) {
        for (long i = 0; i < actual.numel(); i++) {
            double value = exact.getDouble(i);
            assertThat(actual.getDouble(i)).isCloseTo(value, within(5e-7 * (1 + Math.abs(value))));
        }
    }

    @Test
    void normIsThatOfAllTensorsTogether() {
        try (Scope scope = new Scope(memory.pool())) {
            List<Tensor> tensors = tensors(scope, DType.F32, 5, false);
            double exact = reference.norm(tensors);
            assertThat(cpu.norm(tensors)).isCloseTo(exact, within(1e-13 * exact));
            assertThat(cpu.norm(List.of())).isZero();
            tensors.get(3).setDouble(17, Double.POSITIVE_INFINITY);
            assertThat(cpu.norm(tensors)).isInfinite();
            tensors.get(6).setDouble(20_000, Double.NaN);
            assertThat(cpu.norm(tensors)).isNaN();
        }
    }

    @Test
    void normOfLargeGradientsDoesNotOverflow() {
        try (Scope scope = new Scope(memory.pool())) {
            Tensor large = scope.allocate(DType.F32, Shape.of(4)).set(3e38f, 0, 3e38f, 0);
            assertThat(cpu.norm(List.of(large))).isCloseTo(3e38f * Math.sqrt(2), within(1e30));
        }
    }

    @Test
    void movingAverageMovesEveryTensor() {
        try (Scope scope = new Scope(memory.pool())) {
            List<Tensor> actual = tensors(scope, DType.F32, 6, false);
            List<Tensor> exact = tensors(scope, DType.F64, 6, false);
            List<Tensor> values = tensors(scope, DType.F32, 7, false);
            cpu.movingAverage(actual, values, 0.9);
            reference.movingAverage(exact, values, 0.9);
            for (int i = 0; i < sizes.length; i++) {
                check(actual.get(i), exact.get(i));
            }
        }
    }

    @Test
    void refusesTensorsThatDoNotFit() {
        try (Scope scope = new Scope(memory.pool())) {
            Tensor a = scope.allocate(DType.F32, Shape.of(3));
            Tensor b = scope.allocate(DType.F32, Shape.of(4));
            Tensor half = scope.allocate(DType.BF16, Shape.of(3));
            AdamWStep step = new AdamWStep(1, 0.9, 0.999, 1e-8, 1);
            assertThatThrownBy(() -> cpu.adamW(List.of(new Slot(a, b, a, a, 1, 0)), step))
                    .isInstanceOf(ShapeException.class)
                    .hasMessage("adamW: shapes differ: (3) and (4)");
            assertThatThrownBy(() -> cpu.adamW(List.of(new Slot(a, half, a, a, 1, 0)), step))
                    .hasMessage("adamW: BF16(3) is BF16, expected F32");
            assertThatThrownBy(() -> cpu.movingAverage(List.of(a), List.of(), 0.5))
                    .hasMessage("movingAverage: 1 averages for 0 values");
        }
    }
}
