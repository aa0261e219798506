package org.s2d.device.cpu;

import org.s2d.device.LossChecks;
import org.s2d.tensor.Tensor;

/**
 * Cross-entropy of logits with a target distribution per row; targets need not sum to one. In double on every device: a few rows
 * per step.
 */
final class CrossEntropyKernel {
    private CrossEntropyKernel() {}

    static void forward(Tensor loss, Tensor logits, Tensor target, Partition partition) {
        LossChecks.perRow("crossEntropy", loss, logits, target);
        int classes = logits.dim(-1);
        Cells losses = new Cells(loss);
        Cells from = new Cells(logits);
        Cells targets = new Cells(target);
        partition.rows(loss.numel(), classes, (worker, begin, end) -> {
            double[] x = new double[classes];
            for (long row = begin; row < end; row++) {
                from.read(row * classes, 1, x);
                double logSum = SoftmaxKernel.logSumExp(x);
                double sum = 0;
                for (int c = 0; c < classes; c++) {
                    sum -= targets.get(row * classes + c) * (x[c] - logSum);
                }
                losses.set(row, sum);
            }
        });
    }

    static void backward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target, Partition partition) {
        LossChecks.perRow("crossEntropyBackward", gradLoss, logits, gradLogits, target);
        int classes = logits.dim(-1);
        Cells to = new Cells(gradLogits);
        Cells grads = new Cells(gradLoss);
        Cells from = new Cells(logits);
        Cells targets = new Cells(target);
        partition.rows(gradLoss.numel(), classes, (worker, begin, end) -> {
            double[] x = new double[classes];
            double[] t = new double[classes];
            double[] probabilities = new double[classes];
            for (long row = begin; row < end; row++) {
                from.read(row * classes, 1, x);
                targets.read(row * classes, 1, t);
                SoftmaxKernel.softmax(x, probabilities);
                double sum = 0;
                for (double value : t) {
                    sum += value;
                }
                for (int c = 0; c < classes; c++) {
                    to.set(row * classes + c, grads.get(row) * (probabilities[c] * sum - t[c]));
                }
            }
        });
    }
}
