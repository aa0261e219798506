package org.s2d.device.cpu;

import org.s2d.device.LossChecks;
import org.s2d.tensor.Tensor;

/**
 * Mean over the classes of {@code max(x, 0) - x t + log(1 + exp(-|x|))}: binary cross-entropy with logits per row. In double on
 * every device: a few rows per step.
 */
final class BinaryCrossEntropyKernel {
    private BinaryCrossEntropyKernel() {}

    static void forward(Tensor loss, Tensor logits, Tensor target, Partition partition) {
        LossChecks.perRow("binaryCrossEntropy", loss, logits, target);
        int classes = logits.dim(-1);
        Cells losses = new Cells(loss);
        Cells from = new Cells(logits);
        Cells targets = new Cells(target);
        partition.rows(loss.numel(), classes, (worker, begin, end) -> {
            for (long row = begin; row < end; row++) {
                double sum = 0;
                for (int c = 0; c < classes; c++) {
                    double x = from.get(row * classes + c);
                    sum += SigmoidKernel.softplus(x) - x * targets.get(row * classes + c);
                }
                losses.set(row, sum / classes);
            }
        });
    }

    static void backward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target, Partition partition) {
        LossChecks.perRow("binaryCrossEntropyBackward", gradLoss, logits, gradLogits, target);
        int classes = logits.dim(-1);
        Cells to = new Cells(gradLogits);
        Cells grads = new Cells(gradLoss);
        Cells from = new Cells(logits);
        Cells targets = new Cells(target);
        partition.rows(gradLoss.numel(), classes, (worker, begin, end) -> {
            for (long at = begin * classes; at < end * classes; at++) {
                double difference = SigmoidKernel.sigmoid(from.get(at)) - targets.get(at);
                to.set(at, grads.get(at / classes) / classes * difference);
            }
        });
    }
}
