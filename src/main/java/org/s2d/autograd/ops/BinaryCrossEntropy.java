package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Binary cross-entropy on logits, mean over classes: {@code loss[b] = mean_c max(z, 0) - z t + log(1 + exp(-|z|))}.
 *
 * <p>Shapes: logits and target [B, C], result [B]. Targets may be any numbers. Keeps both. Source:
 * torch.nn.functional.binary_cross_entropy_with_logits.
 */
public final class BinaryCrossEntropy {
    private BinaryCrossEntropy() {}

    public static Var apply(Tape tape, Var logits, Var target) {
        LossShapes.check("binaryCrossEntropy", logits, target);
        Tensor loss = tape.allocate(tape.floatType(), Shape.of(logits.dim(0)));
        Tensor in = tape.contiguous(logits.value());
        Tensor aim = tape.contiguous(target.value());
        tape.device().losses().binaryCrossEntropy(loss, in, aim);
        if (!tape.needsGrad(logits)) {
            return tape.constant(loss);
        }
        return tape.record("binaryCrossEntropy", loss, List.of(in, aim), grad -> {
            Tensor gradLogits = tape.allocate(tape.floatType(), logits.shape());
            tape.device().losses().binaryCrossEntropyBackward(gradLogits, tape.contiguous(grad), in, aim);
            tape.accumulate(logits, gradLogits);
        });
    }
}
