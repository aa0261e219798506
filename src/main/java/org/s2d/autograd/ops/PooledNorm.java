package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * The head's pooling: {@link LayerNorm} of one row per frame, then the mean over the frames of each clip.
 *
 * <p>Shapes: x [B * frames, D], weight and bias [D], result [B, D] in the float type; x may be a view whose last dimension has stride
 * 1. Keeps x, mean and 1/sqrt(var + eps) per row; the normalised rows are never stored. Source: S2D's head.
 */
public final class PooledNorm {
    private PooledNorm() {}

    public static Var apply(Tape tape, Var x, int frames, Var weight, Var bias, double eps) {
        if (x.shape().rank() != 2 || frames <= 0 || x.dim(0) % frames != 0) {
            throw new ShapeException("pooledNorm: " + x.shape() + " is not [B * " + frames + " frames, D]");
        }
        LayerNorm.requireFeatures(x, weight, bias);
        int clips = x.dim(0) / frames;
        Tensor in = x.value().stride(-1) == 1 ? x.value() : tape.contiguous(x.value());
        Tensor out = tape.allocate(tape.floatType(), Shape.of(clips, x.dim(1)));
        Tensor mean = tape.allocate(tape.floatType(), Shape.of(x.dim(0)));
        Tensor rstd = tape.allocate(tape.floatType(), Shape.of(x.dim(0)));
        tape.device()
                .normalization()
                .meanLayerNorm(out, mean, rstd, in.unflatten(0, clips, frames), weight.value(), bias.value(), eps);
        if (!tape.needsGrad(x, weight, bias)) {
            return tape.constant(out);
        }
        return tape.record("pooledNorm", out, List.of(in, mean, rstd), grad -> {
            Tensor share = tape.allocate(tape.floatType(), out.shape());
            tape.device().elementwise().scale(share, grad, 1.0 / frames);
            Tensor rows = share.unflatten(0, clips, 1).expand(Shape.of(clips, frames, x.dim(1)));
            LayerNorm.differentiate(
                    tape, x, weight, bias, new LayerNorm.Saved(in.unflatten(0, clips, frames), mean, rstd), rows);
        });
    }
}
