package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.s2d.device.ChannelShape;
import org.s2d.tensor.Tensor;

/** Batch normalisation and its statistics. Sums over a channel are formed in double. */
final class BatchNormKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private BatchNormKernel() {}

    // The specification

    static void referenceStatistics(Tensor mean, Tensor variance, Tensor in, ChannelShape s) {
        double[] x = in.toDoubles();
        double[] means = new double[s.channels()];
        double[] squares = new double[s.channels()];
        for (int i = 0; i < x.length; i++) {
            means[channel(i, s)] += x[i] / s.count();
        }
        for (int i = 0; i < x.length; i++) {
            double centred = x[i] - means[channel(i, s)];
            squares[channel(i, s)] += centred * centred / s.count();
        }
        for (int c = 0; c < s.channels(); c++) {
            mean.setDouble(c, means[c]);
            variance.setDouble(c, squares[c]);
        }
    }

    private static int channel(int index, ChannelShape s) {
        return index / s.inner() % s.channels();
    }

    static void reference(
            Tensor out,
            Tensor in,
            Tensor mean,
            Tensor variance,
            Tensor weight,
            Tensor bias,
            double eps,
            ChannelShape s) {
        for (int i = 0; i < in.numel(); i++) {
            int c = channel(i, s);
            double normal = (in.getDouble(i) - mean.getDouble(c)) / Math.sqrt(variance.getDouble(c) + eps);
            out.setDouble(i, normal * weight.getDouble(c) + bias.getDouble(c));
        }
    }

    /** Tensors of {@link #backward} in one place. */
    record Gradients(
            Tensor gradIn,
            Tensor gradWeight,
            Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor variance,
            Tensor weight,
            double eps,
            boolean batchStatistics) {
        /** The checked sizes. */
        ChannelShape shape() {
            return ChannelShape.of("batchNorm", in)
                    .requireAlike("batchNorm gradient", gradIn, gradOut)
                    .requirePerChannel("batchNorm", mean, variance, weight, gradWeight, gradBias);
        }

        double rstd(int channel) {
            return 1 / Math.sqrt(variance.getDouble(channel) + eps);
        }

        /**
         * With {@code d = sum(gradOut) / count} and {@code p = sum(gradOut * (in - mean)) / count / (variance + eps)}, both 0 for constant
         * statistics: {@code gradIn = weight * rstd * (gradOut - d - p * (in - mean))}.
         */
        Line line(int channel, double sum, double product, long count) {
            double rstd = rstd(channel);
            double scale = weight.getDouble(channel) * rstd;
            double mean = batchStatistics ? sum / count : 0;
            double slope = batchStatistics ? product / count * rstd * rstd : 0;
            return new Line(scale, mean, slope, this.mean.getDouble(channel));
        }
    }

    private record Line(double scale, double gradMean, double slope, double mean) {}

    static void referenceBackward(Gradients g, ChannelShape s) {
        double[] sums = new double[s.channels()];
        double[] products = new double[s.channels()];
        for (int i = 0; i < g.in.numel(); i++) {
            int c = channel(i, s);
            sums[c] += g.gradOut.getDouble(i);
            products[c] += g.gradOut.getDouble(i) * (g.in.getDouble(i) - g.mean.getDouble(c));
        }
        for (int c = 0; c < s.channels(); c++) {
            g.gradBias.setDouble(c, sums[c]);
            g.gradWeight.setDouble(c, products[c] * g.rstd(c));
        }
        for (int i = 0; i < g.in.numel(); i++) {
            int c = channel(i, s);
            Line line = g.line(c, sums[c], products[c], s.count());
            double centred = g.in.getDouble(i) - line.mean;
            g.gradIn.setDouble(i, line.scale * (g.gradOut.getDouble(i) - line.gradMean - line.slope * centred));
        }
    }

    // F32, work shared by channel

    static void statistics(Workers workers, Tensor mean, Tensor variance, Tensor in, ChannelShape s) {
        MemorySegment x = in.data();
        workers.parallelFor(s.channels(), 1, (worker, from, to) -> {
            for (int c = (int) from; c < to; c++) {
                double sum = 0;
                for (int image = 0; image < s.batch(); image++) {
                    sum += ChannelMath.sum(x, row(image, c, s), s.inner());
                }
                double centre = sum / s.count();
                double squares = 0;
                for (int image = 0; image < s.batch(); image++) {
                    squares += ChannelMath.centredProduct(x, centre, x, centre, row(image, c, s), s.inner());
                }
                mean.setDouble(c, centre);
                variance.setDouble(c, squares / s.count());
            }
        });
    }

    private static long row(int image, int channel, ChannelShape s) {
        return ((long) image * s.channels() + channel) * s.inner();
    }

    static void forward(
            Workers workers,
            Tensor out,
            Tensor in,
            Tensor mean,
            Tensor variance,
            Tensor weight,
            Tensor bias,
            double eps,
            ChannelShape s) {
        MemorySegment y = out.data();
        MemorySegment x = in.data();
        workers.parallelFor(s.channels(), 1, (worker, from, to) -> {
            for (int c = (int) from; c < to; c++) {
                float scale = (float) (weight.getDouble(c) / Math.sqrt(variance.getDouble(c) + eps));
                float centre = (float) mean.getDouble(c);
                float shift = (float) bias.getDouble(c);
                for (int image = 0; image < s.batch(); image++) {
                    normalise(y, x, row(image, c, s), s.inner(), centre, scale, shift);
                }
            }
        });
    }

    /** {@code y = (x - centre) * scale + shift}: subtracting first loses nothing where the mean is large. */
    private static void normalise(
            MemorySegment y, MemorySegment x, long at, int count, float centre, float scale, float shift) {
        FloatVector scales = FloatVector.broadcast(SPECIES, scale);
        FloatVector shifts = FloatVector.broadcast(SPECIES, shift);
        int i = 0;
        for (; i < SPECIES.loopBound(count); i += SPECIES.length()) {
            FloatVector.fromMemorySegment(SPECIES, x, (at + i) * Float.BYTES, ORDER)
                    .sub(centre)
                    .fma(scales, shifts)
                    .intoMemorySegment(y, (at + i) * Float.BYTES, ORDER);
        }
        if (i < count) {
            VectorMask<Float> mask = SPECIES.indexInRange(i, count);
            FloatVector.fromMemorySegment(SPECIES, x, (at + i) * Float.BYTES, ORDER, mask)
                    .sub(centre)
                    .fma(scales, shifts)
                    .intoMemorySegment(y, (at + i) * Float.BYTES, ORDER, mask);
        }
    }

    static void backward(Workers workers, Gradients g, ChannelShape s) {
        MemorySegment gradOut = g.gradOut.data();
        MemorySegment x = g.in.data();
        MemorySegment gradIn = g.gradIn.data();
        workers.parallelFor(s.channels(), 1, (worker, from, to) -> {
            for (int c = (int) from; c < to; c++) {
                double sum = 0;
                double product = 0;
                for (int image = 0; image < s.batch(); image++) {
                    long at = row(image, c, s);
                    sum += ChannelMath.sum(gradOut, at, s.inner());
                    product += ChannelMath.centredProduct(gradOut, 0, x, g.mean.getDouble(c), at, s.inner());
                }
                g.gradBias.setDouble(c, sum);
                g.gradWeight.setDouble(c, product * g.rstd(c));
                Line line = g.line(c, sum, product, s.count());
                for (int image = 0; image < s.batch(); image++) {
                    input(gradIn, gradOut, x, row(image, c, s), s.inner(), line);
                }
            }
        });
    }

    /** In double: where the statistics are the batch's own, most of the gradient cancels. */
    private static void input(
            MemorySegment gradIn, MemorySegment gradOut, MemorySegment x, long at, int count, Line line) {
        for (long i = at; i < at + count; i++) {
            double grad = gradOut.getAtIndex(ValueLayout.JAVA_FLOAT, i) - line.gradMean;
            double centred = x.getAtIndex(ValueLayout.JAVA_FLOAT, i) - line.mean;
            gradIn.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) (line.scale * (grad - line.slope * centred)));
        }
    }
}
