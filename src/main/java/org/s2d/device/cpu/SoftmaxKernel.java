package org.s2d.device.cpu;

import org.s2d.device.NormalizationChecks;
import org.s2d.tensor.Tensor;

/**
 * Softmax and its logarithm over the last dimension, the largest element subtracted first. Rows are few and short here (attention
 * has a softmax of its own), so every device computes them in double with the specification's code, cut among its workers.
 */
final class SoftmaxKernel {
    private SoftmaxKernel() {}

    @FunctionalInterface
    private interface Row {
        void apply(double[] in, double[] second, double[] out);
    }

    static void forward(Tensor out, Tensor in, Partition partition) {
        NormalizationChecks.softmax("softmax", in, out);
        eachRow(partition, out, in, in, (x, same, y) -> softmax(x, y));
    }

    static void backward(Tensor gradIn, Tensor out, Tensor gradOut, Partition partition) {
        NormalizationChecks.softmax("softmaxBackward", out, gradIn, gradOut);
        eachRow(partition, gradIn, out, gradOut, (y, g, result) -> {
            double dot = 0;
            for (int i = 0; i < y.length; i++) {
                dot += y[i] * g[i];
            }
            for (int i = 0; i < y.length; i++) {
                result[i] = y[i] * (g[i] - dot);
            }
        });
    }

    static void logForward(Tensor out, Tensor in, Partition partition) {
        NormalizationChecks.softmax("logSoftmax", in, out);
        eachRow(partition, out, in, in, (x, same, y) -> {
            double logSum = logSumExp(x);
            for (int i = 0; i < x.length; i++) {
                y[i] = x[i] - logSum;
            }
        });
    }

    static void logBackward(Tensor gradIn, Tensor out, Tensor gradOut, Partition partition) {
        NormalizationChecks.softmax("logSoftmaxBackward", out, gradIn, gradOut);
        eachRow(partition, gradIn, out, gradOut, (y, g, result) -> {
            double sum = 0;
            for (double value : g) {
                sum += value;
            }
            for (int i = 0; i < y.length; i++) {
                result[i] = g[i] - Math.exp(y[i]) * sum;
            }
        });
    }

    static void softmax(double[] x, double[] y) {
        double max = max(x);
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            y[i] = Math.exp(x[i] - max);
            sum += y[i];
        }
        for (int i = 0; i < x.length; i++) {
            y[i] /= sum;
        }
    }

    static double logSumExp(double[] x) {
        double max = max(x);
        double sum = 0;
        for (double value : x) {
            sum += Math.exp(value - max);
        }
        return max + Math.log(sum);
    }

    private static double max(double[] x) {
        double max = Double.NEGATIVE_INFINITY;
        for (double value : x) {
            max = Math.max(max, value);
        }
        return max;
    }

    private static void eachRow(Partition partition, Tensor out, Tensor first, Tensor second, Row row) {
        int width = out.dim(-1);
        Cells to = new Cells(out);
        Cells firsts = new Cells(first);
        Cells seconds = new Cells(second);
        long rows = out.shape().without(-1).numel();
        partition.rows(rows, width, (worker, begin, end) -> {
            double[] a = new double[width];
            double[] b = new double[width];
            double[] result = new double[width];
            for (long at = begin * width; at < end * width; at += width) {
                firsts.read(at, 1, a);
                seconds.read(at, 1, b);
                row.apply(a, b, result);
                to.write(at, 1, result);
            }
        });
    }
}
