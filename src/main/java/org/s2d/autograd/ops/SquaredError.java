package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Mean squared error per row: {@code loss[b] = mean_c (x[b, c] - target[b, c])^2}.
 *
 * <p>Shapes: x and target [B, C], result [B] in the float type. Keeps both. Source: torch.nn.functional.mse_loss.
 */
public final class SquaredError {
    private SquaredError() {}

    public static Var apply(Tape tape, Var x, Var target) {
        LossShapes.check("squaredError", x, target);
        Tensor loss = tape.allocate(tape.floatType(), Shape.of(x.dim(0)));
        Tensor in = tape.contiguous(x.value());
        Tensor aim = tape.contiguous(target.value());
        tape.device().losses().squaredError(loss, in, aim);
        if (!tape.needsGrad(x)) {
            return tape.constant(loss);
        }
        return tape.record("squaredError", loss, List.of(in, aim), grad -> {
            Tensor gradX = tape.allocate(in.dtype(), x.shape());
            tape.device().losses().squaredErrorBackward(gradX, tape.contiguous(grad), in, aim);
            tape.accumulate(x, gradX);
        });
    }
}
