package org.s2d.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.s2d.device.Device;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** What the conformance catalogue does not ask: accuracy at S2D's size, and that the cut among workers changes nothing. */
class CpuAttentionTest {
    private static final int TOKENS = 197;
    private static final int HEADS = 3;
    private static final int WIDTH = HEADS * 64;

    /** Result, log-sum-exp and the gradient of packed qkv. */
    private static List<double[]> run(Device device, double spread) {
        Random random = new Random(11);
        try (device;
                Scope scope = new Scope(device.allocator())) {
            Tensor qkv = random(scope.allocate(device.floatType(), Shape.of(1, TOKENS, 3 * WIDTH)), random, spread);
            Tensor gradOut = random(scope.allocate(device.floatType(), Shape.of(1, TOKENS, WIDTH)), random, 1);
            Tensor out = scope.allocate(device.floatType(), Shape.of(1, TOKENS, WIDTH));
            Tensor gradQkv = scope.allocate(device.floatType(), qkv.shape());
            Tensor logSumExp = scope.allocate(device.floatType(), Shape.of(1, 1, HEADS, TOKENS));
            List<Tensor> in = parts(qkv);
            List<Tensor> grads = parts(gradQkv);
            device.attention().attention(heads(out), logSumExp, in.get(0), in.get(1), in.get(2), 0.125);
            device.attention()
                    .attentionBackward(
                            grads.get(0),
                            grads.get(1),
                            grads.get(2),
                            heads(gradOut),
                            in.get(0),
                            in.get(1),
                            in.get(2),
                            heads(out),
                            logSumExp,
                            0.125);
            return List.of(out.toDoubles(), logSumExp.toDoubles(), gradQkv.toDoubles());
        }
    }

    private static Device cpu(int threads) {
        return new CpuDevice(new HostPool(HostPool.Fill.POISON), threads);
    }

    private static Device reference() {
        return new ReferenceDevice(new HostPool(HostPool.Fill.POISON));
    }

    @Test
    void errorsAtTheSizeOfTheModelAreThoseOfFloatArithmetic() {
        // Twice the error of PyTorch's float32 gradient.
        assertErrorsBelow(2 * 3.9e-7, 1);
    }

    @Test
    void largeScoresLoseNoMoreThanTheirOwnRounding() {
        // Scores of some hundreds have an absolute rounding error of 1e-5, which is the relative error of their
        // exponentials;
        // PyTorch's float32 gradient is off by so much too.
        assertErrorsBelow(2 * 1.5e-5, 8);
    }

    private static void assertErrorsBelow(double limit, double spread) {
        List<double[]> exact = run(reference(), spread);
        List<double[]> actual = run(cpu(2), spread);
        for (int i = 0; i < exact.size(); i++) {
            assertThat(relativeError(actual.get(i), exact.get(i)) <= limit)
                    .as("result %d: %.3g", i, relativeError(actual.get(i), exact.get(i)))
                    .isTrue();
        }
    }

    @Test
    void numberOfWorkersDoesNotChangeABit() {
        List<double[]> alone = run(cpu(1), 1);
        List<double[]> shared = run(cpu(3), 1);
        for (int i = 0; i < alone.size(); i++) {
            assertThat(shared.get(i)).isEqualTo(alone.get(i));
        }
    }

    private static List<Tensor> parts(Tensor qkv) {
        List<Tensor> parts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            parts.add(heads(qkv.narrow(2, i * WIDTH, WIDTH)));
        }
        return parts;
    }

    private static Tensor heads(Tensor tokens) {
        return tokens.unflatten(2, HEADS, 64).unflatten(0, 1, 1);
    }

    private static Tensor random(Tensor tensor, Random random, double spread) {
        for (int i = 0; i < tensor.numel(); i++) {
            tensor.setDouble(i, (float) (spread * random.nextGaussian()));
        }
        return tensor;
    }

    private static double relativeError(double[] values, double[] exact) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < exact.length; i++) {
            difference += (values[i] - exact[i]) * (values[i] - exact[i]);
            norm += exact[i] * exact[i];
        }
        return Math.sqrt(difference / norm);
    }
}
