package org.s2d.autograd.ops;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Stochastic depth: each row of the first dimension is kept, and divided by the probability to be kept, or becomes zero.
 *
 * <p>Shapes: x [F, ...]. Does nothing when evaluating. Source: timm DropPath.
 */
public final class DropPath {
    private DropPath() {}

    public static Var apply(Tape tape, Var x, double dropProbability) {
        if (dropProbability == 0 || !tape.isTraining()) {
            return x;
        }
        SplittableRandom random = new SplittableRandom(tape.nextSeed());
        float[] scales = new float[x.dim(0)];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = random.nextDouble() < dropProbability ? 0 : (float) (1 / (1 - dropProbability));
        }
        int[] dims = new int[x.shape().rank()];
        Arrays.fill(dims, 1);
        dims[0] = scales.length;
        Tensor mask = tape.allocate(tape.floatType(), Shape.of(dims));
        tape.device().upload(mask, scales);
        return scaled(tape, x, mask);
    }

    /** With the scale of every row given, shape [F, 1, ...]. */
    public static Var scaled(Tape tape, Var x, Tensor rowScales) {
        return Arithmetic.multiply(tape, x, tape.constant(rowScales));
    }
}
