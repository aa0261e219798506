package org.s2d.device.cpu;

import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Depth-wise convolution over time, {@code out[b,t,n,c] = bias[c] + sum_k weight[c,k] * in[b,t+k-K/2,n,c]}, zero outside the
 * clip, and its gradients.
 */
final class TemporalConvKernel {
    private TemporalConvKernel() {}

    static void check(String kernel, Tensor in, Tensor other, Tensor weight, Tensor bias) {
        if (in.rank() != 4 || !other.shape().equals(in.shape())) {
            throw new ShapeException(kernel + ": " + in.shape() + " and " + other.shape()
                    + ", expected two tensors of one shape [B, T, N, C]");
        }
        if (weight.rank() != 2 || weight.dim(0) != in.dim(3) || weight.dim(1) % 2 == 0) {
            throw new ShapeException(kernel + ": weight " + weight.shape() + " for input " + in.shape()
                    + ", expected [C, K] with odd K");
        }
        if (!bias.shape().equals(Shape.of(in.dim(3)))) {
            throw new ShapeException(kernel + ": bias " + bias.shape() + " for input " + in.shape() + ", expected [C]");
        }
        for (Tensor tensor : new Tensor[] {in, other, weight, bias}) {
            if (!tensor.isContiguous() || !tensor.dtype().isFloating()) {
                throw new ShapeException(kernel + ": " + tensor + " must be contiguous and of a floating type");
            }
        }
    }

    static void referenceForward(Tensor out, Tensor in, Tensor weight, Tensor bias) {
        check("temporalConv", in, out, weight, bias);
        double[] x = in.toDoubles();
        double[] w = weight.toDoubles();
        double[] b = bias.toDoubles();
        int channels = in.dim(3);
        int taps = weight.dim(1);
        int frame = in.dim(2) * channels;
        for (int i = 0; i < x.length; i++) {
            int c = i % channels;
            int t = i / frame % in.dim(1);
            double sum = b[c];
            for (int k = 0; k < taps; k++) {
                int from = t + k - taps / 2;
                if (from >= 0 && from < in.dim(1)) {
                    sum += w[c * taps + k] * x[i + (from - t) * frame];
                }
            }
            out.setDouble(i, sum);
        }
    }

    static void referenceBackward(
            Tensor gradIn, Tensor gradWeight, Tensor gradBias, Tensor gradOut, Tensor in, Tensor weight) {
        check("temporalConvBackward", in, gradOut, weight, gradBias);
        check("temporalConvBackward", in, gradIn, gradWeight, gradBias);
        if (!gradWeight.shape().equals(weight.shape())) {
            throw new ShapeException("temporalConvBackward: gradWeight " + gradWeight.shape() + " does not fit weight "
                    + weight.shape());
        }
        double[] x = in.toDoubles();
        double[] g = gradOut.toDoubles();
        double[] w = weight.toDoubles();
        double[] toX = new double[x.length];
        double[] toW = new double[w.length];
        double[] toB = new double[in.dim(3)];
        int channels = in.dim(3);
        int taps = weight.dim(1);
        int frame = in.dim(2) * channels;
        for (int i = 0; i < g.length; i++) {
            int c = i % channels;
            int t = i / frame % in.dim(1);
            toB[c] += g[i];
            for (int k = 0; k < taps; k++) {
                int from = t + k - taps / 2;
                if (from >= 0 && from < in.dim(1)) {
                    toX[i + (from - t) * frame] += w[c * taps + k] * g[i];
                    toW[c * taps + k] += x[i + (from - t) * frame] * g[i];
                }
            }
        }
        store(gradIn, toX);
        store(gradWeight, toW);
        store(gradBias, toB);
    }

    private static void store(Tensor out, double[] values) {
        for (int i = 0; i < values.length; i++) {
            out.setDouble(i, values[i]);
        }
    }
}
