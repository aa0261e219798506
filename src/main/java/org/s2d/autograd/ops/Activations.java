package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Elementwise.Unary;
import org.s2d.tensor.Tensor;

/**
 * Element-wise functions: exact GELU {@code x/2 (1 + erf(x / sqrt 2))}, ReLU, ReLU6, sigmoid, softplus.
 *
 * <p>Shapes: any. Keeps x. Memory-bound: reads and writes each element once. Source: torch.nn.functional.
 */
public final class Activations {
    private Activations() {}

    public static Var gelu(Tape tape, Var x) {
        return apply(tape, Unary.GELU, x);
    }

    public static Var apply(Tape tape, Unary function, Var x) {
        Tensor out = tape.allocate(x.value().dtype(), x.shape());
        tape.device().elementwise().unary(function, out, x.value());
        if (!tape.needsGrad(x)) {
            return tape.constant(out);
        }
        return tape.record(function.name(), out, List.of(x.value()), grad -> {
            Tensor gradX = tape.allocate(x.value().dtype(), x.shape());
            tape.device().elementwise().unaryBackward(function, gradX, x.value(), grad);
            tape.accumulate(x, gradX);
        });
    }
}
