package org.s2d.device.cpu;

import org.jspecify.annotations.Nullable;
import org.s2d.device.NormalizationChecks;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.Tensor;

/** Layer normalisation in double and plain loops, the specification: {@code (x - mean) / sqrt(var + eps) * weight + bias}, biased variance. */
final class LayerNormReference {
    private LayerNormReference() {}

    static void forward(
            Tensor out,
            @Nullable Tensor mean,
            @Nullable Tensor rstd,
            Tensor in,
            Tensor weight,
            Tensor bias,
            double eps) {
        NormalizationChecks.layerNorm(out, mean, rstd, in, weight, bias);
        int width = in.dim(-1);
        double[] row = new double[width];
        double[] scale = values(weight);
        double[] shift = values(bias);
        Cells to = new Cells(out);
        Cells from = new Cells(in);
        Cells means = mean == null ? null : new Cells(mean);
        Cells rstds = rstd == null ? null : new Cells(rstd);
        int[] number = new int[1];
        StridedLoop.rows(in.shape(), out, in).forEach(at -> {
            from.read(at[1], 1, row);
            double average = sum(row) / width;
            double squares = 0;
            for (double value : row) {
                squares += (value - average) * (value - average);
            }
            double factor = 1 / Math.sqrt(squares / width + eps);
            for (int i = 0; i < width; i++) {
                to.set(at[0] + i, (row[i] - average) * factor * scale[i] + shift[i]);
            }
            if (means != null) {
                means.set(number[0], average);
            }
            if (rstds != null) {
                rstds.set(number[0], factor);
            }
            number[0]++;
        });
    }

    /** With n = (x - mean) rstd and h = gradOut weight: {@code gradIn = rstd (h - mean(h) - n mean(h n))}. */
    static void backward(
            @Nullable Tensor gradIn,
            @Nullable Tensor gradWeight,
            @Nullable Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor rstd,
            Tensor weight) {
        NormalizationChecks.layerNormBackward(gradIn, gradWeight, gradBias, gradOut, in, mean, rstd, weight, null);
        int width = in.dim(-1);
        double[] scale = values(weight);
        double[] normal = new double[width];
        double[] grad = new double[width];
        double[] sumWeight = new double[width];
        double[] sumBias = new double[width];
        Cells to = gradIn == null ? null : new Cells(gradIn);
        Cells grads = new Cells(gradOut);
        Cells from = new Cells(in);
        Cells means = new Cells(mean);
        Cells rstds = new Cells(rstd);
        int[] number = new int[1];
        StridedLoop.rows(in.shape(), gradOut, in, gradIn == null ? in : gradIn).forEach(at -> {
            double average = means.get(number[0]);
            double factor = rstds.get(number[0]++);
            double meanH = 0;
            double meanHn = 0;
            for (int i = 0; i < width; i++) {
                grad[i] = grads.get(at[0] + i);
                normal[i] = (from.get(at[1] + i) - average) * factor;
                sumWeight[i] += grad[i] * normal[i];
                sumBias[i] += grad[i];
                meanH += grad[i] * scale[i] / width;
                meanHn += grad[i] * scale[i] * normal[i] / width;
            }
            for (int i = 0; to != null && i < width; i++) {
                to.set(at[2] + i, factor * (grad[i] * scale[i] - meanH - normal[i] * meanHn));
            }
        });
        write(gradWeight, sumWeight);
        write(gradBias, sumBias);
    }

    private static double[] values(Tensor tensor) {
        double[] values = new double[tensor.dim(0)];
        new Cells(tensor).read(0, 1, values);
        return values;
    }

    private static void write(@Nullable Tensor tensor, double[] values) {
        if (tensor != null) {
            new Cells(tensor).write(0, 1, values);
        }
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
