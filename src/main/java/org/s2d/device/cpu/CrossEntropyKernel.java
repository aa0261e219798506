package org.s2d.device.cpu;

import java.util.Arrays;
import org.s2d.device.LossChecks;
import org.s2d.tensor.Tensor;

/**
 * Cross-entropy of logits with a target distribution per row, given or made of a label; given ones need not sum to one. In double on every device: a few rows
 * per step.
 */
final class CrossEntropyKernel {
    private CrossEntropyKernel() {}

    /** Writes the target distribution of a row. */
    @FunctionalInterface
    private interface Targets {
        void read(long row, double[] target);
    }

    private static Targets given(Tensor target, int classes) {
        Cells cells = new Cells(target);
        return (row, values) -> cells.read(row * classes, 1, values);
    }

    private static Targets smoothed(Tensor labels, double smoothing, int classes) {
        Cells cells = new Cells(labels);
        return (row, values) -> {
            Arrays.fill(values, smoothing / classes);
            int label = (int) cells.get(row);
            if (label >= 0 && label < classes) {
                values[label] += 1 - smoothing;
            }
        };
    }

    static void forward(Tensor loss, Tensor logits, Tensor target, Partition partition) {
        LossChecks.perRow("crossEntropy", loss, logits, target);
        forward(loss, logits, given(target, logits.dim(-1)), partition);
    }

    static void ofLabels(Tensor loss, Tensor logits, Tensor labels, double smoothing, Partition partition) {
        LossChecks.perRow("crossEntropy", loss, logits);
        LossChecks.labels("crossEntropy", loss, labels, smoothing);
        forward(loss, logits, smoothed(labels, smoothing, logits.dim(-1)), partition);
    }

    private static void forward(Tensor loss, Tensor logits, Targets targets, Partition partition) {
        int classes = logits.dim(-1);
        Cells losses = new Cells(loss);
        Cells from = new Cells(logits);
        partition.rows(loss.numel(), classes, (worker, begin, end) -> {
            double[] x = new double[classes];
            double[] t = new double[classes];
            for (long row = begin; row < end; row++) {
                from.read(row * classes, 1, x);
                targets.read(row, t);
                double logSum = SoftmaxKernel.logSumExp(x);
                double sum = 0;
                for (int c = 0; c < classes; c++) {
                    sum -= t[c] * (x[c] - logSum);
                }
                losses.set(row, sum);
            }
        });
    }

    static void backward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target, Partition partition) {
        LossChecks.perRow("crossEntropyBackward", gradLoss, logits, gradLogits, target);
        backward(gradLogits, gradLoss, logits, given(target, logits.dim(-1)), partition);
    }

    static void ofLabelsBackward(
            Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor labels, double smoothing, Partition partition) {
        LossChecks.perRow("crossEntropyBackward", gradLoss, logits, gradLogits);
        LossChecks.labels("crossEntropyBackward", gradLoss, labels, smoothing);
        backward(gradLogits, gradLoss, logits, smoothed(labels, smoothing, logits.dim(-1)), partition);
    }

    private static void backward(
            Tensor gradLogits, Tensor gradLoss, Tensor logits, Targets targets, Partition partition) {
        int classes = logits.dim(-1);
        Cells to = new Cells(gradLogits);
        Cells grads = new Cells(gradLoss);
        Cells from = new Cells(logits);
        partition.rows(gradLoss.numel(), classes, (worker, begin, end) -> {
            double[] x = new double[classes];
            double[] t = new double[classes];
            double[] probabilities = new double[classes];
            for (long row = begin; row < end; row++) {
                from.read(row * classes, 1, x);
                targets.read(row, t);
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
