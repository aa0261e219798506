package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Fovea of the landmark prompter: {@code y = softmax(x * smooth) * x}, the softmax for each channel over the positions.
 *
 * <p>Shapes: x and y [F, N, C], smooth [1]. Keeps x. Arithmetic in F32, the gradient of smooth summed in F64 (F64 throughout on
 * the reference device). Memory-bound. Source: S2D's Fovea.
 */
public final class Fovea {
    private Fovea() {}

    public static Var apply(Tape tape, Var x, Var smooth) {
        if (x.shape().rank() != 3 || smooth.value().numel() != 1) {
            throw new ShapeException("fovea: input " + x.shape() + " and smooth " + smooth.shape()
                    + ", expected [F, N, C] and one element");
        }
        Tensor in = tape.contiguous(x.value());
        Tensor out = tape.allocate(in.dtype(), in.shape());
        tape.device().attention().fovea(out, in, smooth.value());
        if (!tape.needsGrad(x, smooth)) {
            return tape.constant(out);
        }
        return tape.record("fovea", out, List.of(in, smooth.value()), grad -> {
            Tensor gradIn = tape.allocate(in.dtype(), in.shape());
            Tensor gradSmooth = tape.allocate(tape.floatType(), smooth.shape());
            tape.device().attention().foveaBackward(gradIn, gradSmooth, tape.contiguous(grad), in, smooth.value());
            tape.accumulate(x, gradIn);
            tape.accumulate(smooth, gradSmooth);
        });
    }
}
