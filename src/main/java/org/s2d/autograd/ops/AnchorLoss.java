package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Losses;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Self-distillation: binary cross-entropy of logits with soft targets, the mean distribution of the k anchors of every class that are
 * most similar to a feature, weighted by cosine similarity.
 *
 * <p>Shapes: logits [B, C], feature [B, D], queue [C, S, D], distributions [C, S, C]; loss [B], target [B, C]. Keeps logits and target;
 * the target carries no gradient. Similarities in F64. Source: Chen et al., arXiv 2312.05447.
 */
public final class AnchorLoss {
    private AnchorLoss() {}

    /** Loss of every sample, and the target it was measured against. */
    public record Result(Var loss, Var target) {}

    public static Result apply(Tape tape, Var logits, Tensor feature, Losses.Anchors anchors, int k) {
        Tensor in = tape.contiguous(logits.value());
        Tensor target = tape.allocate(tape.floatType(), logits.shape());
        Tensor loss = tape.allocate(tape.floatType(), Shape.of(logits.dim(0)));
        tape.device().losses().anchorLoss(loss, target, in, tape.contiguous(feature), anchors, k);
        Var aim = tape.constant(target);
        if (!tape.needsGrad(logits)) {
            return new Result(tape.constant(loss), aim);
        }
        Var result = tape.record("anchorLoss", loss, List.of(in, target), grad -> {
            Tensor gradLogits = tape.allocate(tape.floatType(), logits.shape());
            tape.device().losses().binaryCrossEntropyBackward(gradLogits, tape.contiguous(grad), in, target);
            tape.accumulate(logits, gradLogits);
        });
        return new Result(result, aim);
    }
}
