package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Convolutions;
import org.s2d.tensor.Tensor;

/**
 * {@code y = x >= 0 ? x : slope[c] * x}; the derivative at 0 is the slope.
 *
 * <p>Shapes: x and y [B, C, *], slope [C]. Keeps x. Memory-bound. Source: torch.nn.functional.prelu.
 */
public final class PRelu {
    private PRelu() {}

    public static Var apply(Tape tape, Var x, Var slope) {
        Convolutions kernels = tape.device().convolutions();
        Tensor in = tape.contiguous(x.value());
        Tensor y = tape.allocate(x.value().dtype(), x.shape());
        kernels.prelu(y, in, slope.value());
        if (!tape.needsGrad(x, slope)) {
            return tape.constant(y);
        }
        return tape.record("prelu", y, List.of(in), gradOut -> {
            Tensor gradX = tape.allocate(x.value().dtype(), x.shape());
            Tensor gradSlope = tape.allocate(tape.floatType(), slope.shape());
            kernels.preluBackward(gradX, gradSlope, tape.contiguous(gradOut), in, slope.value());
            tape.accumulate(x, gradX);
            tape.accumulate(slope, gradSlope);
        });
    }
}
