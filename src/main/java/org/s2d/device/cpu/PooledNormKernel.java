package org.s2d.device.cpu;

import java.util.Arrays;
import org.s2d.device.NormalizationChecks;
import org.s2d.tensor.Tensor;

/**
 * The mean over frames of layer-normalised rows. One row per frame and sixteen frames per clip: every device computes in double with
 * the specification's code, cut among its workers by clips.
 */
final class PooledNormKernel {
    private PooledNormKernel() {}

    static void forward(
            Tensor out,
            Tensor mean,
            Tensor rstd,
            Tensor in,
            Tensor weight,
            Tensor bias,
            double eps,
            Partition partition) {
        NormalizationChecks.meanLayerNorm(out, mean, rstd, in, weight, bias);
        int frames = in.dim(1);
        int width = in.dim(2);
        Cells from = new Cells(in);
        Cells to = new Cells(out);
        Cells means = new Cells(mean);
        Cells rstds = new Cells(rstd);
        double[] scale = weight.toDoubles();
        double[] shift = bias.toDoubles();
        partition.run(in.dim(0), 1, (worker, begin, end) -> {
            double[] row = new double[width];
            double[] sums = new double[width];
            for (long b = begin; b < end; b++) {
                Arrays.fill(sums, 0);
                for (int t = 0; t < frames; t++) {
                    from.read(b * in.stride(0) + t * in.stride(1), 1, row);
                    double[] statistics = normalise(row, eps);
                    means.set(b * frames + t, statistics[0]);
                    rstds.set(b * frames + t, statistics[1]);
                    for (int i = 0; i < width; i++) {
                        sums[i] += row[i];
                    }
                }
                for (int i = 0; i < width; i++) {
                    to.set(b * width + i, sums[i] / frames * scale[i] + shift[i]);
                }
            }
        });
    }

    /** Subtracts the mean and divides by the deviation; returns the mean and what it multiplied with. */
    private static double[] normalise(double[] row, double eps) {
        double mean = 0;
        for (double value : row) {
            mean += value / row.length;
        }
        double variance = 0;
        for (double value : row) {
            variance += (value - mean) * (value - mean) / row.length;
        }
        double factor = 1 / Math.sqrt(variance + eps);
        for (int i = 0; i < row.length; i++) {
            row[i] = (row[i] - mean) * factor;
        }
        return new double[] {mean, factor};
    }
}
