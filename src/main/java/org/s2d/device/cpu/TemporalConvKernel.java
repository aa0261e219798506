package org.s2d.device.cpu;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import org.s2d.device.AttentionChecks;
import org.s2d.device.Checks;
import org.s2d.device.Products.Activation;
import org.s2d.tensor.Tensor;

/**
 * Depth-wise convolution over time, {@code out[b,t,n,c] = bias[c] + sum_k weight[c,k] * before(in[b,t+k-K/2,n,c])}, zero outside the
 * clip, and its gradients. The vector version brings all frames of one token into scratch memory, where channels are lanes.
 */
final class TemporalConvKernel {
    private final int frames;
    private final int width;
    private final int taps;
    /** Row length in scratch: whole vectors. */
    private final int stride;
    /** [K, stride]. */
    private final float[] weight;

    private TemporalConvKernel(Tensor in, Tensor weight) {
        frames = in.dim(1);
        width = in.dim(3);
        taps = weight.dim(1);
        stride = Math.ceilDiv(width, Lanes.WIDTH) * Lanes.WIDTH;
        this.weight = new float[taps * stride];
        for (int i = 0; i < width * taps; i++) {
            this.weight[i % taps * stride + i / taps] = (float) weight.getDouble(i);
        }
    }

    private static void checkBackward(
            Tensor gradIn, Tensor gradWeight, Tensor gradBias, Tensor gradOut, Tensor in, Tensor weight) {
        AttentionChecks.temporalConv("temporalConvBackward", in, weight, gradBias, gradIn, gradOut);
        AttentionChecks.temporalConv("temporalConvBackward", in, gradWeight, gradBias);
        Checks.sameShape("temporalConvBackward", weight, gradWeight);
    }

    static void referenceForward(Tensor out, Tensor in, Tensor weight, Tensor bias, Activation before) {
        AttentionChecks.temporalConv("temporalConv", in, weight, bias, out);
        double[] x = activated(in, before);
        double[] w = weight.toDoubles();
        double[] y = new double[x.length];
        int channels = in.dim(3);
        int taps = weight.dim(1);
        int frame = in.dim(2) * channels;
        for (int i = 0; i < x.length; i++) {
            int c = i % channels;
            int t = i / frame % in.dim(1);
            y[i] = bias.getDouble(c);
            for (int k = 0; k < taps; k++) {
                int from = t + k - taps / 2;
                if (from >= 0 && from < in.dim(1)) {
                    y[i] += w[c * taps + k] * x[i + (from - t) * frame];
                }
            }
        }
        new Cells(out).write(0, 1, y);
    }

    private static double[] activated(Tensor in, Activation before) {
        double[] x = in.toDoubles();
        for (int i = 0; before == Activation.GELU && i < x.length; i++) {
            x[i] = GeluKernel.reference(x[i]);
        }
        return x;
    }

    static void referenceBackward(
            Tensor gradIn,
            Tensor gradWeight,
            Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor weight,
            Activation before) {
        checkBackward(gradIn, gradWeight, gradBias, gradOut, in, weight);
        double[] x = activated(in, before);
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
        for (int i = 0; before == Activation.GELU && i < x.length; i++) {
            toX[i] = GeluKernel.referenceBackward(in.getDouble(i), toX[i]);
        }
        new Cells(gradIn).write(0, 1, toX);
        new Cells(gradWeight).write(0, 1, toW);
        new Cells(gradBias).write(0, 1, toB);
    }

    /** The frames at one token are the rows of one head. */
    private static HeadRows tokens(String kernel, Tensor tensor) {
        return new HeadRows(kernel, tensor.unflatten(3, 1, tensor.dim(3)).permute(0, 2, 1, 3, 4));
    }

    static void forward(Tensor out, Tensor in, Tensor weight, Tensor bias, Activation before, Workers workers) {
        String name = "temporalConv";
        AttentionChecks.temporalConv(name, in, weight, bias, out);
        TemporalConvKernel kernel = new TemporalConvKernel(in, weight);
        float[] start = new float[kernel.stride];
        for (int c = 0; c < kernel.width; c++) {
            start[c] = (float) bias.getDouble(c);
        }
        HeadRows from = tokens(name, in);
        HeadRows to = tokens(name, out);
        kernel.eachToken(in, workers, (worker, first, last) -> {
            float[] x = kernel.rows();
            float[] y = kernel.rows();
            for (int token = (int) first; token < last; token++) {
                from.load(token, 0, kernel.frames, 1, x, kernel.stride, kernel.frames);
                if (before == Activation.GELU) {
                    GeluKernel.forward(x, x);
                }
                kernel.convolve(y, x, kernel.weight, start);
                to.store(token, 0, kernel.frames, y, kernel.stride);
            }
        });
    }

    static void backward(
            Tensor gradIn,
            Tensor gradWeight,
            Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor weight,
            Activation before,
            Workers workers) {
        String name = "temporalConvBackward";
        checkBackward(gradIn, gradWeight, gradBias, gradOut, in, weight);
        TemporalConvKernel kernel = new TemporalConvKernel(in, weight);
        float[] mirrored = kernel.mirrored();
        float[] zero = new float[kernel.stride];
        HeadRows inputs = tokens(name, in);
        HeadRows grads = tokens(name, gradOut);
        HeadRows to = tokens(name, gradIn);
        double[][] sums = new double[workers.count()][(kernel.taps + 1) * kernel.stride];
        kernel.eachToken(in, workers, (worker, first, last) -> {
            float[] x = kernel.rows();
            float[] g = kernel.rows();
            float[] y = kernel.rows();
            float[] active = before == Activation.GELU ? kernel.rows() : x;
            for (int token = (int) first; token < last; token++) {
                inputs.load(token, 0, kernel.frames, 1, x, kernel.stride, kernel.frames);
                grads.load(token, 0, kernel.frames, 1, g, kernel.stride, kernel.frames);
                kernel.convolve(y, g, mirrored, zero);
                if (before == Activation.GELU) {
                    GeluKernel.forward(active, x);
                    GeluKernel.backward(y, x, y);
                }
                kernel.correlate(sums[worker], active, g);
                to.store(token, 0, kernel.frames, y, kernel.stride);
            }
        });
        kernel.writeSums(gradWeight, gradBias, sums);
    }

    private void eachToken(Tensor in, Workers workers, Workers.RangeTask task) {
        long grain = Math.max(1, ElementLoop.GRAIN / Math.max(1, frames * stride));
        workers.parallelFor((long) in.dim(0) * in.dim(2), grain, task);
    }

    private float[] rows() {
        return new float[frames * stride];
    }

    /** The taps in reverse order: what carries gradients back. */
    private float[] mirrored() {
        float[] reversed = new float[weight.length];
        for (int k = 0; k < taps; k++) {
            System.arraycopy(weight, k * stride, reversed, (taps - 1 - k) * stride, stride);
        }
        return reversed;
    }

    /** {@code y[t] = start + sum_k filter[k] * x[t + k - K/2]} for the frames of one token. */
    private void convolve(float[] y, float[] x, float[] filter, float[] start) {
        for (int c = 0; c < stride; c += Lanes.WIDTH) {
            for (int t = 0; t < frames; t++) {
                FloatVector sum = FloatVector.fromArray(Lanes.F, start, c);
                int end = Math.min(taps, frames - t + taps / 2);
                for (int k = Math.max(0, taps / 2 - t); k < end; k++) {
                    FloatVector tap = FloatVector.fromArray(Lanes.F, filter, k * stride + c);
                    sum = FloatVector.fromArray(Lanes.F, x, (t + k - taps / 2) * stride + c)
                            .fma(tap, sum);
                }
                sum.intoArray(y, t * stride + c);
            }
        }
    }

    /** Adds one token's gradients: rows 0 to K-1 of {@code sums} belong to the taps, row K to the bias. */
    private void correlate(double[] sums, float[] x, float[] g) {
        for (int c = 0; c < stride; c += Lanes.WIDTH) {
            FloatVector toBias = FloatVector.zero(Lanes.F);
            for (int t = 0; t < frames; t++) {
                toBias = toBias.add(FloatVector.fromArray(Lanes.F, g, t * stride + c));
            }
            add(sums, taps * stride + c, toBias);
            for (int k = 0; k < taps; k++) {
                int shift = k - taps / 2;
                FloatVector toTap = FloatVector.zero(Lanes.F);
                for (int t = Math.max(0, -shift); t < Math.min(frames, frames - shift); t++) {
                    toTap = FloatVector.fromArray(Lanes.F, x, (t + shift) * stride + c)
                            .fma(FloatVector.fromArray(Lanes.F, g, t * stride + c), toTap);
                }
                add(sums, k * stride + c, toTap);
            }
        }
    }

    private static void add(double[] sums, int at, FloatVector values) {
        int half = Lanes.D.length();
        DoubleVector.fromArray(Lanes.D, sums, at).add(Lanes.low(values)).intoArray(sums, at);
        DoubleVector.fromArray(Lanes.D, sums, at + half).add(Lanes.high(values)).intoArray(sums, at + half);
    }

    /** Adds up the workers' sums, in their order, so that teams of equal size give equal bits. */
    private void writeSums(Tensor gradWeight, Tensor gradBias, double[][] sums) {
        for (int c = 0; c < width; c++) {
            for (int k = 0; k <= taps; k++) {
                double sum = 0;
                for (double[] own : sums) {
                    sum += own[k * stride + c];
                }
                if (k < taps) {
                    gradWeight.setDouble((long) c * taps + k, sum);
                } else {
                    gradBias.setDouble(c, sum);
                }
            }
        }
    }
}
