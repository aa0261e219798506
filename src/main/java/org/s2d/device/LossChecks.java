package org.s2d.device;

import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Argument checks of {@link Losses}, the same on every device. */
public final class LossChecks {
    private LossChecks() {}

    /** Contiguous {@code logits} and {@code others} of one shape [..., C], {@code perRow} of that shape without C. */
    public static void perRow(String kernel, Tensor perRow, Tensor logits, Tensor... others) {
        Checks.floating(kernel, perRow, logits);
        Checks.floating(kernel, others);
        Checks.rows(kernel, logits);
        Checks.sameShape(kernel, logits, others);
        Checks.shape(kernel, "loss", perRow, logits.shape().without(-1));
        Checks.contiguous(kernel, perRow, logits);
        Checks.contiguous(kernel, others);
    }

    /** {@code rows} [..., D], {@code x} [D], {@code perRow} [...]. */
    public static void cosine(String kernel, Tensor perRow, Tensor rows, Tensor x) {
        Checks.floating(kernel, perRow, rows, x);
        Checks.rows(kernel, rows);
        Checks.shape(kernel, "x", x, Shape.of(rows.dim(-1)));
        Checks.shape(kernel, "out", perRow, rows.shape().without(-1));
        Checks.contiguous(kernel, perRow, rows, x);
    }

    public static void cosineBackward(Tensor gradRows, Tensor gradX, Tensor gradOut, Tensor rows, Tensor x) {
        String kernel = "cosineSimilarityBackward";
        cosine(kernel, gradOut, rows, x);
        Checks.sameShape(kernel, rows, gradRows);
        Checks.sameShape(kernel, x, gradX);
        Checks.floating(kernel, gradRows, gradX);
        Checks.contiguous(kernel, gradRows, gradX);
    }

    /** {@code labels} as {@code perRow}. */
    public static void labels(String kernel, Tensor perRow, Tensor labels, double smoothing) {
        Checks.floating(kernel, labels);
        Checks.sameShape(kernel, perRow, labels);
        Checks.contiguous(kernel, labels);
        if (!(smoothing >= 0 && smoothing <= 1)) {
            throw new IllegalArgumentException(kernel + ": smoothing " + smoothing + " is not in [0, 1]");
        }
    }

    public static void anchors(
            Tensor loss, Tensor target, Tensor logits, Tensor feature, Losses.Anchors anchors, int k) {
        String kernel = "anchorLoss";
        Tensor queue = anchors.queue();
        perRow(kernel, loss, logits, target);
        Checks.floating(kernel, feature, queue, anchors.distribution());
        if (feature.rank() != 2 || queue.rank() != 3 || queue.dim(2) != feature.dim(1)) {
            throw new ShapeException(kernel + ": feature " + feature.shape() + " and queue " + queue.shape()
                    + " are not [B, D] and [C, S, D]");
        }
        int classes = queue.dim(0);
        Checks.shape(kernel, "distribution", anchors.distribution(), Shape.of(classes, queue.dim(1), classes));
        Checks.shape(kernel, "target", target, Shape.of(feature.dim(0), classes));
        Checks.contiguous(kernel, feature, queue, anchors.distribution());
        if (k < 1 || k > queue.dim(1)) {
            throw new ShapeException(
                    kernel + ": k = " + k + " of " + queue.dim(1) + " anchors, queue " + queue.shape());
        }
    }

    public static void push(Tensor queue, Tensor rows, Tensor labels, Tensor factor) {
        String kernel = "pushAnchors";
        Checks.floating(kernel, queue, rows, labels);
        if (queue.rank() != 3 || rows.rank() != 2 || queue.dim(2) != rows.dim(1)) {
            throw new ShapeException(kernel + ": queue " + queue.shape() + " and rows " + rows.shape()
                    + " are not [C, S, D] and [B, D]");
        }
        Checks.shape(kernel, "labels", labels, Shape.of(rows.dim(0)));
        Checks.contiguous(kernel, queue, rows, labels);
        OptimizerChecks.factor(kernel, factor);
    }
}
