package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Products.Activation;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Depth-wise convolution over time at each token, zero outside the clip:
 * {@code y[b, t, n, c] = bias[c] + sum_k weight[c, k] * f(x[b, t + k - K/2, n, c])}, f nothing or the exact GELU, which costs no
 * pass over memory of its own and of which nothing is kept.
 *
 * <p>Shapes: x and y [B*T, N, C], weight [C, K] or, as PyTorch stores it, [C, 1, K], with odd K, bias [C]. Keeps x. Arithmetic
 * in F32 (F64 on the reference device). Memory-bound. Source: torch.nn.functional.conv1d with groups = C.
 */
public final class TemporalConv {
    private TemporalConv() {}

    public static Var apply(Tape tape, Var x, Var weight, Var bias, int frames) {
        return apply(tape, x, weight, bias, frames, Activation.NONE);
    }

    /** Of gelu(x). */
    public static Var ofGelu(Tape tape, Var x, Var weight, Var bias, int frames) {
        return apply(tape, x, weight, bias, frames, Activation.GELU);
    }

    private static Var apply(Tape tape, Var x, Var weight, Var bias, int frames, Activation before) {
        if (x.shape().rank() != 3 || frames <= 0 || x.dim(0) % frames != 0) {
            throw new ShapeException("temporalConv: input " + x.shape() + " is not [B * " + frames + " frames, N, C]");
        }
        int channels = x.dim(2);
        if (weight.value().numel() != (long) weight.dim(0) * weight.dim(-1)) {
            throw new ShapeException("temporalConv: weight " + weight.shape() + " is not [C, K] or [C, 1, K]");
        }
        Shape taps = Shape.of(weight.dim(0), weight.dim(-1));
        Shape clips = Shape.of(x.dim(0) / frames, frames, x.dim(1), channels);
        Tensor in = tape.contiguous(x.value()).reshape(clips);
        Tensor out = tape.allocate(in.dtype(), x.shape());
        Tensor filter = weight.value().reshape(taps);
        tape.device().attention().temporalConv(out.reshape(clips), in, filter, bias.value(), before);
        if (!tape.needsGrad(x, weight, bias)) {
            return tape.constant(out);
        }
        return tape.record("temporalConv", out, List.of(in, filter), grad -> {
            Tensor gradIn = tape.allocate(in.dtype(), x.shape());
            Tensor gradWeight = tape.allocate(tape.floatType(), weight.shape());
            Tensor gradBias = tape.allocate(tape.floatType(), bias.shape());
            tape.device()
                    .attention()
                    .temporalConvBackward(
                            gradIn.reshape(clips),
                            gradWeight.reshape(taps),
                            gradBias,
                            tape.contiguous(grad).reshape(clips),
                            in,
                            filter,
                            before);
            tape.accumulate(x, gradIn);
            tape.accumulate(weight, gradWeight);
            tape.accumulate(bias, gradBias);
        });
    }
}
