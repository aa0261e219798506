package org.s2d.autograd;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.ops.Activations;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.LayerNorm;
import org.s2d.autograd.ops.Linear;
import org.s2d.device.Elementwise.Unary;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

class TapeMemoryTest {
    private static final int LAYERS = 4;
    private static final int SIZE = 1 << 16;

    @Test
    void whatAnOperationKeptGoesAsSoonAsItsGradientIsThere() {
        HostPool pool = new HostPool();
        List<Long> live = new ArrayList<>();
        try (CpuDevice device = new CpuDevice(pool, 1);
                Scope scope = new Scope(pool);
                Tape tape = Tape.evaluating(device, Precision.FP32, Gradients.RECORD)) {
            Tensor in = filled(device, scope, Shape.of(SIZE), 0.5);
            Var x;
            try (Tape.Frame frame = tape.frame()) {
                x = tape.input(in, true);
                for (int i = 0; i < LAYERS; i++) {
                    Var input = x;
                    Var watched = tape.record("watch", input.value(), List.of(), grad -> {
                        live.add(pool.liveBytes());
                        tape.accumulate(input, grad);
                    });
                    x = Activations.gelu(tape, watched);
                }
                frame.keep(x);
            }
            Tensor grad = filled(device, scope, Shape.of(SIZE), 1);
            tape.backward(List.of(x), List.of(grad));
        }
        assertThat(live).hasSize(LAYERS);
        for (int i = 1; i < LAYERS - 1; i++) {
            assertThat(live.get(i - 1) - live.get(i)).as("layer %d", i).isEqualTo(4L * SIZE);
        }
    }

    @Test
    void aNormalisedOperandIsComputedAgainInsteadOfKept() {
        HostPool pool = new HostPool();
        Shape rows = Shape.of(SIZE / 64, 64);
        try (CpuDevice device = new CpuDevice(pool, 1);
                Scope scope = new Scope(pool);
                Tape tape = Tape.evaluating(device, Precision.FP32, Gradients.RECORD)) {
            Var x = tape.input(filled(device, scope, rows, 0.5), true);
            Var scale = tape.input(filled(device, scope, Shape.of(64), 2), true);
            Var shift = tape.input(filled(device, scope, Shape.of(64), 1), true);
            Var weight = tape.input(filled(device, scope, Shape.of(1, 64), 0.25), true);
            long before = pool.liveBytes();
            Var y;
            try (Tape.Frame frame = tape.frame()) {
                Var normed = LayerNorm.apply(tape, x, scale, shift, 1e-6, DType.F32);
                y = frame.keep(Linear.apply(tape, normed, weight, null));
            }
            assertThat(pool.liveBytes() - before)
                    .as("statistics and result, not the normalised rows")
                    .isLessThan(SIZE);
            tape.backward(List.of(y), List.of(filled(device, scope, y.shape(), 1)));
            assertThat(Objects.requireNonNull(weight.grad()).toFloats())
                    .as("sums of normalised rows, which are all 1: rows without variance and the shift")
                    .containsOnly((float) rows.dim(0));
        }
    }

    @Test
    void whatSeveralReadIsComputedAgainOnceAndGoesWithItsOwnRule() {
        HostPool pool = new HostPool();
        List<Long> live = new ArrayList<>();
        List<Tensor> computed = new ArrayList<>();
        try (CpuDevice device = new CpuDevice(pool, 1);
                Scope scope = new Scope(pool);
                Tape tape = Tape.evaluating(device, Precision.FP32, Gradients.RECORD)) {
            Shape rows = Shape.of(SIZE / 64, 64);
            Var first = tape.input(filled(device, scope, Shape.of(1, 64), 1), true);
            Var second = tape.input(filled(device, scope, Shape.of(1, 64), 2), true);
            Var start = tape.input(filled(device, scope, Shape.of(1), 0), true);
            Var watched = tape.record("watch", start.value(), List.of(), grad -> live.add(pool.liveBytes()));
            Var y;
            try (Tape.Frame frame = tape.frame()) {
                Var x = tape.record(
                        "made",
                        filled(device, tape.scope(), rows, 3),
                        List.of(),
                        grad -> {
                            live.add(pool.liveBytes());
                            tape.accumulate(watched, start.value());
                        },
                        () -> {
                            computed.add(filled(device, tape.scope(), rows, 3));
                            return computed.getLast();
                        });
                y = frame.keep(
                        Arithmetic.add(tape, Linear.apply(tape, x, first, null), Linear.apply(tape, x, second, null)));
            }
            tape.backward(List.of(y), List.of(filled(device, scope, y.shape(), 1)));
            assertThat(computed).as("for two who read it").hasSize(1);
            assertThat(Objects.requireNonNull(first.grad()).toFloats()).containsOnly(3f * rows.dim(0));
            assertThat(Objects.requireNonNull(second.grad()).toFloats()).containsOnly(3f * rows.dim(0));
        }
        assertThat(live.getFirst() - live.getLast())
                .as("the copy and its gradient, gone")
                .isGreaterThanOrEqualTo(2 * 4L * SIZE);
    }

    @Test
    void aGradientThatTwoShareIsNotWrittenOver() {
        HostPool pool = new HostPool();
        try (CpuDevice device = new CpuDevice(pool, 1);
                Scope scope = new Scope(pool);
                Tape tape = Tape.evaluating(device, Precision.FP32, Gradients.RECORD)) {
            Var a = tape.input(filled(device, scope, Shape.of(100), -1), true);
            Var b = tape.input(filled(device, scope, Shape.of(100), 3), true);
            Var sum = Arithmetic.add(
                    tape,
                    Activations.apply(tape, Unary.RELU6, a),
                    Arithmetic.add(tape, Activations.apply(tape, Unary.RELU6, b), a));
            Tensor grad = filled(device, scope, sum.shape(), 5);
            tape.backward(List.of(sum), List.of(grad));
            assertThat(Objects.requireNonNull(a.grad()).toFloats()).containsOnly(5);
            assertThat(Objects.requireNonNull(b.grad()).toFloats()).containsOnly(5);
            assertThat(grad.toFloats()).as("what the caller gave").containsOnly(5);
        }
    }

    private static Tensor filled(CpuDevice device, Scope scope, Shape shape, double value) {
        Tensor tensor = scope.allocate(DType.F32, shape);
        device.elementwise().fill(tensor, value);
        return tensor;
    }
}
