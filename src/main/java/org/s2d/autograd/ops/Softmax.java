package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Tensor;

/**
 * {@code y_i = exp(x_i) / sum_j exp(x_j)} over the last dimension.
 *
 * <p>Shapes: x and y [..., C]. Keeps y. The largest element is subtracted first, so nothing overflows. Memory-bound. Source:
 * torch.nn.functional.softmax.
 */
public final class Softmax {
    private Softmax() {}

    public static Var apply(Tape tape, Var x) {
        Tensor in = tape.contiguous(x.value());
        Tensor out = tape.allocate(in.dtype(), in.shape());
        tape.device().normalization().softmax(out, in);
        if (!tape.needsGrad(x)) {
            return tape.constant(out);
        }
        return tape.record("softmax", out, List.of(out), grad -> {
            Tensor gradX = tape.allocate(in.dtype(), in.shape());
            tape.device().normalization().softmaxBackward(gradX, out, tape.contiguous(grad));
            tape.accumulate(x, gradX);
        });
    }
}
