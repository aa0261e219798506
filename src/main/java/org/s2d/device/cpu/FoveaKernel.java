package org.s2d.device.cpu;

import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Fovea {@code out = softmax over N (in * smooth) * in} per channel, and its gradients:
 * {@code gradIn = p * (gradOut + smooth * (gradOut * in - e))} and {@code gradSmooth = sum p * in * (gradOut * in - e)} with p the
 * softmax and {@code e = sum over N (p * gradOut * in)}.
 */
final class FoveaKernel {
    private FoveaKernel() {}

    static void check(String kernel, Tensor smooth, Tensor in, Tensor... others) {
        if (in.rank() != 3 || smooth.numel() != 1) {
            throw new ShapeException(kernel + ": in " + in.shape() + " and smooth " + smooth.shape()
                    + ", expected [F, N, C] and one element");
        }
        requireDense(kernel, in);
        requireDense(kernel, smooth);
        for (Tensor other : others) {
            if (!other.shape().equals(in.shape())) {
                throw new ShapeException(kernel + ": " + other.shape() + " does not fit in " + in.shape());
            }
            requireDense(kernel, other);
        }
    }

    private static void requireDense(String kernel, Tensor tensor) {
        if (!tensor.isContiguous() || !tensor.dtype().isFloating()) {
            throw new ShapeException(kernel + ": " + tensor + " must be contiguous and of a floating type");
        }
    }

    static void referenceForward(Tensor out, Tensor in, Tensor smooth) {
        check("fovea", smooth, in, out);
        double[] x = in.toDoubles();
        double[] p = referenceSoftmax(in, x, smooth.getDouble(0));
        for (int i = 0; i < x.length; i++) {
            out.setDouble(i, p[i] * x[i]);
        }
    }

    static void referenceBackward(Tensor gradIn, Tensor gradSmooth, Tensor gradOut, Tensor in, Tensor smooth) {
        check("foveaBackward", smooth, in, gradIn, gradOut);
        check("foveaBackward", gradSmooth, in);
        double[] x = in.toDoubles();
        double[] g = gradOut.toDoubles();
        double factor = smooth.getDouble(0);
        double[] p = referenceSoftmax(in, x, factor);
        int positions = in.dim(1);
        int channels = in.dim(2);
        double toSmooth = 0;
        for (int column = 0; column < in.dim(0) * channels; column++) {
            int first = column / channels * positions * channels + column % channels;
            double mean = 0;
            for (int n = 0; n < positions; n++) {
                int i = first + n * channels;
                mean += p[i] * g[i] * x[i];
            }
            for (int n = 0; n < positions; n++) {
                int i = first + n * channels;
                double centred = g[i] * x[i] - mean;
                gradIn.setDouble(i, p[i] * (g[i] + factor * centred));
                toSmooth += p[i] * x[i] * centred;
            }
        }
        gradSmooth.setDouble(0, toSmooth);
    }

    private static double[] referenceSoftmax(Tensor in, double[] x, double factor) {
        int positions = in.dim(1);
        int channels = in.dim(2);
        double[] p = new double[x.length];
        for (int column = 0; column < in.dim(0) * channels; column++) {
            int first = column / channels * positions * channels + column % channels;
            double max = Double.NEGATIVE_INFINITY;
            for (int n = 0; n < positions; n++) {
                max = Math.max(max, factor * x[first + n * channels]);
            }
            double sum = 0;
            for (int n = 0; n < positions; n++) {
                int i = first + n * channels;
                p[i] = Math.exp(factor * x[i] - max);
                sum += p[i];
            }
            for (int n = 0; n < positions; n++) {
                p[first + n * channels] /= sum;
            }
        }
        return p;
    }
}
