package org.s2d.device.cpu;

import java.util.Arrays;
import org.s2d.device.AttentionChecks;
import org.s2d.tensor.Tensor;

/**
 * Fovea {@code out = p * in} with p the softmax of {@code in * smooth} over N for each channel, and its gradients
 * {@code gradIn = p * (gradOut + smooth * (gradOut * in - e))} and {@code gradSmooth = sum p * in * (gradOut * in - e)} where
 * {@code e = sum over N (p * gradOut * in)}.
 *
 * <p>S2D has eight channels, a thousandth of a layer's work, and the gradient of the one number {@code smooth} sums terms that cancel: every
 * device computes in double with the specification's code, cut among its workers by frames.
 */
final class FoveaKernel {
    private final Partition partition;
    private final int positions;
    private final int channels;
    private final Cells in;
    private final double factor;

    private FoveaKernel(Tensor in, Tensor smooth, Partition partition) {
        this.partition = partition;
        positions = in.dim(1);
        channels = in.dim(2);
        this.in = new Cells(in);
        factor = smooth.getDouble(0);
    }

    static void forward(Tensor out, Tensor in, Tensor smooth, Partition partition) {
        AttentionChecks.fovea("fovea", in, smooth, out);
        new FoveaKernel(in, smooth, partition).forward(new Cells(out), in.dim(0));
    }

    private void forward(Cells out, int frames) {
        partition.rows(frames, positions * channels, (worker, from, to) -> {
            double[] x = new double[positions];
            double[] p = new double[positions];
            for (long column = from * channels; column < to * channels; column++) {
                softmax(column, x, p);
                for (int n = 0; n < positions; n++) {
                    p[n] *= x[n];
                }
                out.write(start(column), channels, p);
            }
        });
    }

    static void backward(
            Tensor gradIn, Tensor gradSmooth, Tensor gradOut, Tensor in, Tensor smooth, Partition partition) {
        AttentionChecks.fovea("foveaBackward", in, smooth, gradIn, gradOut);
        AttentionChecks.fovea("foveaBackward", in, gradSmooth);
        double sum = new FoveaKernel(in, smooth, partition).backward(new Cells(gradIn), new Cells(gradOut), in.dim(0));
        gradSmooth.setDouble(0, sum);
    }

    /** Returns the gradient of smooth: frame by frame, then over frames, so that it does not depend on the cut. */
    private double backward(Cells gradIn, Cells gradOut, int frames) {
        double[] perFrame = new double[frames];
        partition.rows(frames, positions * channels, (worker, from, to) -> {
            double[] x = new double[positions];
            double[] p = new double[positions];
            double[] g = new double[positions];
            for (long column = from * channels; column < to * channels; column++) {
                softmax(column, x, p);
                gradOut.read(start(column), channels, g);
                perFrame[(int) (column / channels)] += differentiate(x, p, g);
                gradIn.write(start(column), channels, g);
            }
        });
        return Arrays.stream(perFrame).sum();
    }

    /** Turns the gradient g of one column of the result into that of the input; returns the column's part for smooth. */
    private double differentiate(double[] x, double[] p, double[] g) {
        double mean = 0;
        for (int n = 0; n < positions; n++) {
            mean += p[n] * g[n] * x[n];
        }
        double toSmooth = 0;
        for (int n = 0; n < positions; n++) {
            double centred = g[n] * x[n] - mean;
            toSmooth += p[n] * x[n] * centred;
            g[n] = p[n] * (g[n] + factor * centred);
        }
        return toSmooth;
    }

    /** First element of a column; columns count [F, C]. */
    private long start(long column) {
        return column / channels * positions * channels + column % channels;
    }

    private void softmax(long column, double[] x, double[] p) {
        in.read(start(column), channels, x);
        for (int n = 0; n < positions; n++) {
            p[n] = factor * x[n];
        }
        SoftmaxKernel.softmax(p, p);
    }
}
