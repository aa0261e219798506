package org.s2d.autograd.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.function.BiFunction;
import org.junit.jupiter.api.Test;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Gradients of attention, fovea and the temporal convolution against central differences, in double. */
class AttentionGradientTest {
    private static final double STEP = 1e-5;

    @Test
    void attentionOverTokens() {
        check((tape, in) -> Attention.overTokens(tape, in.get(0), 2), Shape.of(2, 3, 12));
    }

    @Test
    void attentionOverTime() {
        check((tape, in) -> Attention.overTime(tape, in.get(0), 2, 3), Shape.of(6, 2, 12));
    }

    @Test
    void attentionOfOneFrameOverTime() {
        check((tape, in) -> Attention.overTime(tape, in.get(0), 1, 1), Shape.of(2, 2, 6));
    }

    @Test
    void crossAttention() {
        check((tape, in) -> Attention.cross(tape, in.get(0), in.get(1), 2), Shape.of(2, 3, 4), Shape.of(2, 5, 8));
    }

    @Test
    void fovea() {
        check((tape, in) -> Fovea.apply(tape, in.get(0), in.get(1)), Shape.of(2, 5, 3), Shape.of(1));
    }

    @Test
    void temporalConv() {
        check(
                (tape, in) -> TemporalConv.apply(tape, in.get(0), in.get(1), in.get(2), 4),
                Shape.of(8, 2, 3),
                Shape.of(3, 1, 3),
                Shape.of(3));
    }

    @Test
    void temporalConvOfClipsShorterThanTheFilter() {
        check(
                (tape, in) -> TemporalConv.apply(tape, in.get(0), in.get(1), in.get(2), 1),
                Shape.of(2, 2, 3),
                Shape.of(3, 5),
                Shape.of(3));
    }

    private static void check(BiFunction<Tape, List<Var>, Var> operation, Shape... shapes) {
        Random random = new Random(7);
        try (ReferenceDevice device = new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
                Scope scope = new Scope(device.allocator())) {
            List<Tensor> inputs = new ArrayList<>();
            for (Shape shape : shapes) {
                inputs.add(random(scope.allocate(device.floatType(), shape), random));
            }
            List<double[]> gradients = new ArrayList<>();
            Tensor weights;
            try (Tape tape = Tape.evaluating(device, Precision.FP32, Tape.Gradients.RECORD)) {
                List<Var> vars =
                        inputs.stream().map(input -> tape.input(input, true)).toList();
                Var out = operation.apply(tape, vars);
                weights = random(scope.allocate(device.floatType(), out.shape()), random);
                tape.backward(List.of(out), List.of(weights));
                for (Var variable : vars) {
                    gradients.add(Objects.requireNonNull(variable.grad()).toDoubles());
                }
            }
            for (int i = 0; i < inputs.size(); i++) {
                for (int j = 0; j < inputs.get(i).numel(); j++) {
                    double numeric = difference(device, operation, inputs, i, j, weights);
                    assertThat(gradients.get(i)[j])
                            .as("input %d, element %d", i, j)
                            .isCloseTo(numeric, within(1e-8));
                }
            }
        }
    }

    /** Central difference of the weighted sum of the output with respect to one element. */
    private static double difference(
            ReferenceDevice device,
            BiFunction<Tape, List<Var>, Var> operation,
            List<Tensor> inputs,
            int input,
            int element,
            Tensor weights) {
        double value = inputs.get(input).getDouble(element);
        double difference = 0;
        for (int sign : new int[] {1, -1}) {
            inputs.get(input).setDouble(element, value + sign * STEP);
            try (Tape tape = Tape.evaluating(device, Precision.FP32, Tape.Gradients.NONE)) {
                Tensor out = operation
                        .apply(tape, inputs.stream().map(tape::constant).toList())
                        .value();
                for (int i = 0; i < out.numel(); i++) {
                    difference += sign * out.getDouble(i) * weights.getDouble(i);
                }
            }
        }
        inputs.get(input).setDouble(element, value);
        return difference / (2 * STEP);
    }

    private static Tensor random(Tensor tensor, Random random) {
        for (int i = 0; i < tensor.numel(); i++) {
            tensor.setDouble(i, random.nextGaussian());
        }
        return tensor;
    }
}
