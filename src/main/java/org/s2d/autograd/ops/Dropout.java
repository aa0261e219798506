package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Seed;
import org.s2d.tensor.Tensor;

/**
 * Zeroes elements at random and divides the rest by the probability to be kept. Does nothing when evaluating. Keeps only the seed: the
 * mask is drawn again in the backward pass. Source: torch.nn.functional.dropout.
 */
public final class Dropout {
    private Dropout() {}

    public static Var apply(Tape tape, Var x, double probability) {
        if (probability == 0 || !tape.isTraining()) {
            return x;
        }
        Seed seed = tape.nextSeed();
        Tensor in = tape.contiguous(x.value());
        Tensor out = tape.allocate(in.dtype(), in.shape());
        tape.device().elementwise().dropout(out, in, probability, seed);
        if (!tape.needsGrad(x)) {
            return tape.constant(out);
        }
        return tape.record("dropout", out, List.of(), grad -> {
            Tensor gradX = tape.allocate(grad.dtype(), grad.shape());
            tape.device().elementwise().dropout(gradX, tape.contiguous(grad), probability, seed);
            tape.accumulate(x, gradX);
        });
    }
}
