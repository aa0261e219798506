package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Cross-entropy with soft targets: {@code loss[b] = -sum_c target[b, c] log softmax(logits[b])[c]}. Targets need not sum to one.
 * Hard labels, smoothed or not, need no targets in memory: {@link #ofLabels}.
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

    /** With label smoothing: targets of {@code smoothing / C} everywhere and {@code 1 - smoothing} more at the label. */
    public static Var ofLabels(Tape tape, Var logits, long[] labels, double smoothing) {
        float[] values = new float[labels.length];
        for (int b = 0; b < values.length; b++) {
            if (labels[b] < 0 || labels[b] >= logits.dim(1)) {
                throw new ShapeException(
                        "crossEntropy: label " + labels[b] + " is not one of " + logits.dim(1) + " classes");
            }
            values[b] = labels[b];
        }
        Tensor onDevice = tape.allocate(tape.floatType(), Shape.of(values.length));
        tape.device().upload(onDevice, values);
        return ofLabels(tape, logits, onDevice, smoothing);
    }

    /** The same with labels [B] on the device, as numbers of the float type; they must be classes. */
    public static Var ofLabels(Tape tape, Var logits, Tensor labels, double smoothing) {
        if (logits.shape().rank() != 2 || !labels.shape().equals(Shape.of(logits.dim(0)))) {
            throw new ShapeException("crossEntropy: logits " + logits.shape() + " and labels " + labels.shape()
                    + " are not [B, C] and [B]");
        }
        Tensor loss = tape.allocate(tape.floatType(), labels.shape());
        Tensor in = tape.contiguous(logits.value());
        tape.device().losses().crossEntropyOfLabels(loss, in, labels, smoothing);
        if (!tape.needsGrad(logits)) {
            return tape.constant(loss);
        }
        return tape.record("crossEntropy", loss, List.of(in, labels), grad -> {
            Tensor gradLogits = tape.allocate(tape.floatType(), logits.shape());
            tape.device()
                    .losses()
                    .crossEntropyOfLabelsBackward(gradLogits, tape.contiguous(grad), in, labels, smoothing);
            tape.accumulate(logits, gradLogits);
        });
    }
}
