package org.s2d.autograd.ops;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
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
        Tensor scales = scales(tape, x.dim(0), dropProbability);
        if (scales == null) {
            return x;
        }
        int[] dims = new int[x.shape().rank()];
        Arrays.fill(dims, 1);
        dims[0] = x.dim(0);
        return scaled(tape, x, scales.reshape(dims));
    }

    /** The factors of {@code rows} rows, in the float type; null where nothing is dropped. */
    public static @Nullable Tensor scales(Tape tape, int rows, double dropProbability) {
        if (dropProbability == 0 || !tape.isTraining()) {
            return null;
        }
        Tensor scales = tape.allocate(tape.floatType(), tape.part().batch(Shape.of(rows)));
        tape.device().elementwise().keepScales(scales, dropProbability, tape.nextSeed());
        return tape.part().of(scales);
    }

    /** With the scale of every row given, shape [F, 1, ...]. */
    public static Var scaled(Tape tape, Var x, Tensor rowScales) {
        return Arithmetic.multiply(tape, x, tape.constant(rowScales));
    }
}
