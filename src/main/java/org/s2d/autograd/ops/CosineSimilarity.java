package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Cosine similarity of every row of q with one vector, {@code y = q.x / (|q| |x|)}, each norm at least 1e-8.
 *
 * <p>Shapes: q [..., D], x [D], result [...] in the float type. Keeps both. Source: torch.nn.functional.cosine_similarity, with which
 * S2D's self-distillation finds its anchors.
 */
public final class CosineSimilarity {
    private CosineSimilarity() {}

    public static Var apply(Tape tape, Var q, Var x) {
        if (q.shape().rank() == 0 || !x.shape().equals(Shape.of(q.dim(-1)))) {
            throw new ShapeException(
                    "cosineSimilarity: rows " + q.shape() + " and vector " + x.shape() + ", expected [..., D] and [D]");
        }
        Tensor rows = tape.contiguous(q.value());
        Tensor vector = tape.contiguous(x.value());
        Tensor out = tape.allocate(tape.floatType(), q.shape().without(-1));
        tape.device().losses().cosineSimilarity(out, rows, vector);
        if (!tape.needsGrad(q, x)) {
            return tape.constant(out);
        }
        return tape.record("cosineSimilarity", out, List.of(rows, vector), grad -> {
            Tensor gradQ = tape.allocate(tape.floatType(), q.shape());
            Tensor gradX = tape.allocate(tape.floatType(), x.shape());
            tape.device().losses().cosineSimilarityBackward(gradQ, gradX, tape.contiguous(grad), rows, vector);
            tape.accumulate(q, gradQ);
            tape.accumulate(x, gradX);
        });
    }
}
