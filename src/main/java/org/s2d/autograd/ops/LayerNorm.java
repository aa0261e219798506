package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Backward;
import org.s2d.autograd.Var;
import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * {@code y = (x - mean) / sqrt(var + eps) * weight + bias} over the last dimension, biased variance.
 *
 * <p>Shapes: x and y [..., D], weight and bias [D]; x may be a view whose last dimension has stride 1. Keeps x, mean and
 * 1/sqrt(var + eps) per row; from x the result is computed again where others need it ({@link Tape#reading}). The gradient that a residual
 * connection brings to x is added in the same pass. Arithmetic in F32 (F64 on the reference device); y in the requested type. Memory-bound.
 * Source: torch.nn.functional.layer_norm.
 */
public final class LayerNorm {
    private LayerNorm() {}

    public static Var apply(Tape tape, Var x, Var weight, Var bias, double eps, DType outType) {
        requireFeatures(x, weight, bias);
        Tensor in = x.value().stride(-1) == 1 ? x.value() : tape.contiguous(x.value());
        Tensor out = tape.allocate(outType, x.shape());
        Statistics kept = Statistics.allocate(tape, x.shape(), tape.needsGrad(x, weight, bias));
        tape.device().normalization().layerNorm(out, kept.mean, kept.rstd, in, weight.value(), bias.value(), eps);
        return record(tape, x, weight, bias, eps, in, out, kept);
    }

    static void requireFeatures(Var x, Var weight, Var bias) {
        Shape features = Shape.of(x.dim(-1));
        if (!weight.shape().equals(features) || !bias.shape().equals(features)) {
            throw new ShapeException("layerNorm: weight " + weight.shape() + " and bias " + bias.shape()
                    + " do not fit the last dimension of " + x.shape());
        }
    }

    /** What the backward pass needs of every row; nothing where there is none. */
    record Statistics(@Nullable Tensor mean, @Nullable Tensor rstd) {
        static Statistics allocate(Tape tape, Shape x, boolean record) {
            if (!record) {
                return new Statistics(null, null);
            }
            Shape rows = Shape.of(Math.toIntExact(x.without(-1).numel()));
            return new Statistics(tape.allocate(tape.floatType(), rows), tape.allocate(tape.floatType(), rows));
        }
    }

    /** The result {@code out} of normalising x, whose rows lie in {@code in}, with its backward rule. */
    static Var record(
            Tape tape, Var x, Var weight, Var bias, double eps, Tensor in, Tensor out, Statistics statistics) {
        Tensor mean = statistics.mean;
        Tensor rstd = statistics.rstd;
        if (mean == null || rstd == null) {
            return tape.constant(out);
        }
        List<Tensor> kept = new ArrayList<>(List.of(mean, rstd));
        Supplier<Tensor> rows = tape.reading(x, in, kept);
        Backward rule = grad -> {
            Tensor rowGrad = grad.stride(-1) == 1 ? grad : tape.contiguous(grad);
            differentiate(tape, x, weight, bias, new Saved(rows.get(), mean, rstd), rowGrad);
        };
        return tape.record("layerNorm", out, kept, rule, () -> {
            Tensor again = tape.allocate(out.dtype(), out.shape());
            tape.device().normalization().layerNorm(again, null, null, rows.get(), weight.value(), bias.value(), eps);
            return again;
        });
    }

    /** Rows that were normalised, the elements of x in their order, and the statistics of each. */
    record Saved(Tensor in, Tensor mean, Tensor rstd) {}

    /** Delivers the gradients, given that of the normalised rows: a view of the shape of {@code saved.in}, stride 1 in its rows. */
    static void differentiate(Tape tape, Var x, Var weight, Var bias, Saved saved, Tensor grad) {
        Tensor gradIn = x.requiresGrad() ? tape.allocate(x.value().dtype(), x.shape()) : null;
        Tensor gradWeight = weight.requiresGrad() ? tape.allocate(tape.floatType(), weight.shape()) : null;
        Tensor gradBias = bias.requiresGrad() ? tape.allocate(tape.floatType(), bias.shape()) : null;
        Tensor around = gradIn == null ? null : tape.pendingGrad(x);
        Shape shape = saved.in.shape();
        tape.device()
                .normalization()
                .layerNormBackward(
                        gradIn == null ? null : gradIn.reshape(shape),
                        gradWeight,
                        gradBias,
                        grad,
                        saved.in,
                        saved.mean,
                        saved.rstd,
                        weight.value(),
                        around == null ? null : around.reshape(shape));
        if (gradIn != null && around != null) {
            tape.replaceGrad(x, gradIn);
        } else if (gradIn != null) {
            tape.accumulate(x, gradIn);
        }
        if (gradWeight != null) {
            tape.accumulate(weight, gradWeight);
        }
        if (gradBias != null) {
            tape.accumulate(bias, gradBias);
        }
    }
}
