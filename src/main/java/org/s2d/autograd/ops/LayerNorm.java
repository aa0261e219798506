package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * {@code y = (x - mean) / sqrt(var + eps) * weight + bias} over the last dimension, biased variance.
 *
 * <p>Shapes: x and y [..., D], weight and bias [D]; x may be a view whose last dimension has stride 1. Keeps x, mean and
 * 1/sqrt(var + eps) per row. The gradient that a residual connection brings to x is added in the same pass. Arithmetic in F32 (F64 on the reference device); y in the requested type. Memory-bound. Source:
 * torch.nn.functional.layer_norm.
 */
public final class LayerNorm {
    private LayerNorm() {}

    public static Var apply(Tape tape, Var x, Var weight, Var bias, double eps, DType outType) {
        Shape features = Shape.of(x.dim(-1));
        if (!weight.shape().equals(features) || !bias.shape().equals(features)) {
            throw new ShapeException("layerNorm: weight " + weight.shape() + " and bias " + bias.shape()
                    + " do not fit the last dimension of " + x.shape());
        }
        Tensor in = x.value().stride(-1) == 1 ? x.value() : tape.contiguous(x.value());
        Tensor out = tape.allocate(outType, x.shape());
        boolean record = tape.needsGrad(x, weight, bias);
        Shape rows = Shape.of(Math.toIntExact(in.numel() / Math.max(1, x.dim(-1))));
        Tensor mean = record ? tape.allocate(tape.floatType(), rows) : null;
        Tensor rstd = record ? tape.allocate(tape.floatType(), rows) : null;
        tape.device().normalization().layerNorm(out, mean, rstd, in, weight.value(), bias.value(), eps);
        if (mean == null || rstd == null) {
            return tape.constant(out);
        }
        return tape.record("layerNorm", out, List.of(in, mean, rstd), grad -> {
            Tensor gradIn = x.requiresGrad() ? tape.allocate(x.value().dtype(), x.shape()) : null;
            Tensor gradWeight = weight.requiresGrad() ? tape.allocate(tape.floatType(), features) : null;
            Tensor gradBias = bias.requiresGrad() ? tape.allocate(tape.floatType(), features) : null;
            Tensor rowGrad = grad.stride(-1) == 1 ? grad : tape.contiguous(grad);
            Tensor around = gradIn == null ? null : tape.pendingGrad(x);
            tape.device()
                    .normalization()
                    .layerNormBackward(gradIn, gradWeight, gradBias, rowGrad, in, mean, rstd, weight.value(), around);
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
        });
    }
}
