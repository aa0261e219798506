package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.tensor.Tensor;

/**
 * {@code y[b, o, i, j] = bias[o] + sum_{c, m, n} w[o, c, m, n] x[b, c, i stride + m - padding, j stride + n - padding]} (a
 * cross-correlation, zero padding, c over the group's channels).
 *
 * <p>Shapes: x [B, C, H, W], w [O, C/groups, kh, kw], bias [O] or none, y [B, O, H', W'] with
 * {@code H' = (H + 2 padding - kh) / stride + 1}. Keeps x when w trains, w when x needs a gradient. Operands and y in the tape's
 * compute type, accumulation in F32. Cost: 2 * B * O * H' * W' * C/groups * kh * kw FLOP. Source: torch.nn.functional.conv2d.
 */
public final class Conv2d {
    private Conv2d() {}

    public static Var apply(Tape tape, Var x, Var weight, @Nullable Var bias, Conv2dOptions options) {
        Conv2dShape shape = Conv2dShape.of(x.shape(), weight.shape(), options);
        Convolutions kernels = tape.device().convolutions();
        Tensor in = tape.convert(x.value(), tape.computeType());
        Tensor w = tape.valueAs(weight, tape.computeType());
        Tensor y = tape.allocate(tape.computeType(), shape.outShape());
        kernels.conv2d(y, in, w, bias == null ? null : bias.value(), options);
        if (!tape.needsGrad(x, weight, bias)) {
            return tape.constant(y);
        }
        List<Tensor> kept = new ArrayList<>();
        if (weight.requiresGrad() || bias != null) {
            kept.add(in);
        }
        if (x.requiresGrad() && weight.leaf() == null) {
            kept.add(w);
        }
        return tape.record("conv2d", y, kept, gradOut -> {
            Tensor grad = tape.convert(gradOut, tape.computeType());
            if (x.requiresGrad()) {
                Tensor gradX = tape.allocate(tape.computeType(), x.shape());
                // Read again: a frozen weight's compute copy is cached, a trained one has not changed since.
                kernels.conv2dBackwardInput(gradX, grad, tape.valueAs(weight, tape.computeType()), options);
                tape.accumulate(x, gradX);
            }
            if (weight.requiresGrad() || (bias != null && bias.requiresGrad())) {
                Tensor gradW = tape.allocate(tape.floatType(), weight.shape());
                Tensor gradB = bias == null ? null : tape.allocate(tape.floatType(), bias.shape());
                kernels.conv2dBackwardWeight(gradW, gradB, grad, in, options);
                tape.accumulate(weight, gradW);
                if (gradB != null) {
                    tape.accumulate(bias, gradB);
                }
            }
        });
    }
}
