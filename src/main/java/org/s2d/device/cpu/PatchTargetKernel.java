package org.s2d.device.cpu;

import org.s2d.device.TokenChecks;
import org.s2d.device.TokenKernels.Standardise;
import org.s2d.tensor.Tensor;

/** Pixels of patches, rescaled and standardised. In double on every device: small beside the products that predict them. */
final class PatchTargetKernel {
    /** What keeps patches of one colour finite. */
    private static final double EPS = 1e-6;

    private PatchTargetKernel() {}

    static void forward(
            Tensor out, Tensor in, Tensor scale, Tensor shift, Standardise standardise, Partition partition) {
        TokenChecks.patchTargets(out, in, scale, shift);
        int channels = in.dim(2);
        int numbers = in.dim(1) * channels;
        double[] factors = scale.toDoubles();
        double[] offsets = shift.toDoubles();
        Cells from = new Cells(in);
        Cells to = new Cells(out);
        partition.rows(in.dim(0), numbers, (worker, begin, end) -> {
            double[] row = new double[numbers];
            for (long r = begin; r < end; r++) {
                from.read(r * numbers, 1, row);
                for (int c = 0; c < channels; c++) {
                    for (int i = c; i < numbers; i += channels) {
                        row[i] = row[i] * factors[c] + offsets[c];
                    }
                }
                switch (standardise) {
                    case CHANNEL -> {
                        for (int c = 0; c < channels; c++) {
                            standardise(row, c, channels);
                        }
                    }
                    case PATCH -> standardise(row, 0, 1);
                    case NOT -> {}
                }
                to.write(r * numbers, 1, row);
            }
        });
    }

    /** The numbers {@code first}, {@code first + step}, ... */
    private static void standardise(double[] row, int first, int step) {
        int count = row.length / step;
        double sum = 0;
        for (int i = first; i < row.length; i += step) {
            sum += row[i];
        }
        double mean = sum / count;
        double squares = 0;
        for (int i = first; i < row.length; i += step) {
            squares += (row[i] - mean) * (row[i] - mean);
        }
        double variance = squares / (count - 1);
        double factor = 1 / Math.sqrt(variance + EPS);
        for (int i = first; i < row.length; i += step) {
            row[i] = (row[i] - mean) * factor;
        }
    }
}
