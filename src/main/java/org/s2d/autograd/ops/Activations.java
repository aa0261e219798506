package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Backward;
import org.s2d.autograd.Var;
import org.s2d.device.Elementwise.Unary;
import org.s2d.tensor.Tensor;

/**
 * Element-wise functions: exact GELU {@code x/2 (1 + erf(x / sqrt 2))}, ReLU, ReLU6, sigmoid, softplus.
 *
 * <p>Shapes: any. Keeps x, from which the result is computed again where others need it ({@link Tape#reading}). Memory-bound: reads and
 * writes each element once. Source: torch.nn.functional.
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
        List<Tensor> kept = new ArrayList<>();
        Supplier<Tensor> in = tape.reading(x, x.value(), kept);
        Backward rule = grad -> {
            Tensor gradX = tape.over(grad, x.value().dtype());
            tape.device().elementwise().unaryBackward(function, gradX, in.get(), grad);
            tape.accumulate(x, gradX);
        };
        return tape.record(function.name(), out, kept, rule, () -> {
            Tensor again = tape.allocate(out.dtype(), out.shape());
            tape.device().elementwise().unary(function, again, in.get());
            return again;
        });
    }
}
