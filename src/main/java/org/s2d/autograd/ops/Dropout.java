package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Seed;
import org.s2d.tensor.Tensor;

/**
 * Zeroes elements at random and divides the rest by the probability to be kept. Does nothing when evaluating. Keeps only the seed: the
 * mask is drawn again in the backward pass; of a {@link org.s2d.autograd.Part} of a batch it keeps the factors. Source: torch.nn.functional.dropout.
 */
public final class Dropout {
    private Dropout() {}

    public static Var apply(Tape tape, Var x, double probability) {
        if (probability == 0 || !tape.isTraining()) {
            return x;
        }
        Seed seed = tape.nextSeed();
        if (!tape.part().isWhole()) {
            return Arithmetic.multiply(tape, x, tape.constant(factors(tape, x, probability, seed)));
        }
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

    /** Those of the batch are drawn, since a draw depends on the element's number there. */
    private static Tensor factors(Tape tape, Var x, double probability, Seed seed) {
        Tensor ones = tape.allocate(x.value().dtype(), tape.part().batch(x.shape()));
        tape.device().elementwise().fill(ones, 1);
        Tensor factors = tape.allocate(ones.dtype(), ones.shape());
        tape.device().elementwise().dropout(factors, ones, probability, seed);
        return tape.part().of(factors);
    }
}
