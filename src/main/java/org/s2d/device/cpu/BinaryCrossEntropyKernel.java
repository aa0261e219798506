package org.s2d.device.cpu;

import org.s2d.tensor.Tensor;

/** Mean over the classes of {@code max(x, 0) - x t + log(1 + exp(-|x|))}: binary cross-entropy with logits per row. */
final class BinaryCrossEntropyKernel {
    private BinaryCrossEntropyKernel() {}

    // Scalar reference

    static void reference(Tensor loss, Tensor logits, Tensor target) {
        CrossEntropyKernel.check("binaryCrossEntropy", loss, logits, target);
        int classes = logits.dim(-1);
        Cells losses = new Cells(loss);
        Cells from = new Cells(logits);
        Cells targets = new Cells(target);
        for (long row = 0; row < loss.numel(); row++) {
            double sum = 0;
            for (int c = 0; c < classes; c++) {
                double x = from.get(row * classes + c);
                sum += SigmoidKernel.softplus(x) - x * targets.get(row * classes + c);
            }
            losses.set(row, sum / classes);
        }
    }

    static void referenceBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        CrossEntropyKernel.check("binaryCrossEntropyBackward", gradLoss, logits, gradLogits, target);
        int classes = logits.dim(-1);
        Cells to = new Cells(gradLogits);
        Cells grads = new Cells(gradLoss);
        Cells from = new Cells(logits);
        Cells targets = new Cells(target);
        for (long at = 0; at < logits.numel(); at++) {
            double difference = SigmoidKernel.sigmoid(from.get(at)) - targets.get(at);
            to.set(at, grads.get(at / classes) / classes * difference);
        }
    }
}
