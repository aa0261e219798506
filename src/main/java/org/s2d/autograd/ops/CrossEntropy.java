package org.s2d.autograd.ops;

import java.util.Arrays;
import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Cross-entropy with soft targets: {@code loss[b] = -sum_c target[b, c] log softmax(logits[b])[c]}. Targets need not sum to one.
 * Hard labels and label smoothing are targets too: {@link #smoothedTargets}.
 *
 * <p>Shapes: logits and target [B, C], result [B]. Keeps both. Source: timm SoftTargetCrossEntropy, LabelSmoothingCrossEntropy.
 */
public final class CrossEntropy {
    private CrossEntropy() {}

    public static Var apply(Tape tape, Var logits, Var target) {
        LossShapes.check("crossEntropy", logits, target);
        Tensor loss = tape.allocate(tape.floatType(), Shape.of(logits.dim(0)));
        Tensor in = tape.contiguous(logits.value());
        Tensor aim = tape.contiguous(target.value());
        tape.device().losses().crossEntropy(loss, in, aim);
        if (!tape.needsGrad(logits)) {
            return tape.constant(loss);
        }
        return tape.record("crossEntropy", loss, List.of(in, aim), grad -> {
            Tensor gradLogits = tape.allocate(tape.floatType(), logits.shape());
            tape.device().losses().crossEntropyBackward(gradLogits, tape.contiguous(grad), in, aim);
            tape.accumulate(logits, gradLogits);
        });
    }

    /** Rows with {@code 1 - smoothing + smoothing / C} at the label and {@code smoothing / C} elsewhere, on the tape's device. */
    public static Var smoothedTargets(Tape tape, long[] labels, int classes, double smoothing) {
        Tensor target = tape.allocate(tape.floatType(), Shape.of(labels.length, classes));
        tape.device().upload(target, smoothedTargets(labels, classes, smoothing));
        return tape.constant(target);
    }

    /** The same rows, one after the other. */
    public static float[] smoothedTargets(long[] labels, int classes, double smoothing) {
        float[] rows = new float[Math.multiplyExact(labels.length, classes)];
        Arrays.fill(rows, (float) (smoothing / classes));
        for (int b = 0; b < labels.length; b++) {
            if (labels[b] < 0 || labels[b] >= classes) {
                throw new ShapeException("crossEntropy: label " + labels[b] + " is not one of " + classes + " classes");
            }
            rows[b * classes + (int) labels[b]] = (float) (1 - smoothing + smoothing / classes);
        }
        return rows;
    }
}
