package org.s2d.device.cpu;

import org.s2d.tensor.Tensor;

/** Softmax and its logarithm over the last dimension, the largest element subtracted first. */
final class SoftmaxKernel {
    private SoftmaxKernel() {}

    /** Contiguous tensors of one shape. */
    static void check(String kernel, Tensor first, Tensor... others) {
        Checks.rows(kernel, first);
        Checks.sameShape(kernel, first, others);
        Checks.contiguous(kernel, first);
        Checks.contiguous(kernel, others);
    }

    // Scalar reference

    @FunctionalInterface
    private interface Row {
        void apply(double[] in, double[] second, double[] out);
    }

    static void reference(Tensor out, Tensor in) {
        check("softmax", in, out);
        eachRow(out, in, in, (x, same, y) -> softmax(x, y));
    }

    static void referenceBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        check("softmaxBackward", out, gradIn, gradOut);
        eachRow(gradIn, out, gradOut, (y, g, result) -> {
            double dot = 0;
            for (int i = 0; i < y.length; i++) {
                dot += y[i] * g[i];
            }
            for (int i = 0; i < y.length; i++) {
                result[i] = y[i] * (g[i] - dot);
            }
        });
    }

    static void referenceLog(Tensor out, Tensor in) {
        check("logSoftmax", in, out);
        eachRow(out, in, in, (x, same, y) -> {
            double logSum = logSumExp(x);
            for (int i = 0; i < x.length; i++) {
                y[i] = x[i] - logSum;
            }
        });
    }

    static void referenceLogBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        check("logSoftmaxBackward", out, gradIn, gradOut);
        eachRow(gradIn, out, gradOut, (y, g, result) -> {
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

    private static void eachRow(Tensor out, Tensor first, Tensor second, Row row) {
        double[] a = new double[out.dim(-1)];
        double[] b = new double[out.dim(-1)];
        double[] result = new double[out.dim(-1)];
        Cells to = new Cells(out);
        Cells firsts = new Cells(first);
        Cells seconds = new Cells(second);
        StridedLoop.rows(out.shape(), out, first, second).forEach(at -> {
            firsts.read(at[1], 1, a);
            seconds.read(at[2], 1, b);
            row.apply(a, b, result);
            to.write(at[0], 1, result);
        });
    }
}
