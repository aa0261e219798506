package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Conv2dShape;
import org.s2d.tensor.Tensor;

/**
 * Gradients of a convolution, tap by tap over rows of the output gradient. Nothing in S2D trains a convolution with large
 * kernels, so these are simple rather than tuned.
 */
final class Conv2dBackwardKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final Conv2dShape shape;

    private Conv2dBackwardKernel(Conv2dShape shape) {
        this.shape = shape;
    }

    // The specification

    static void referenceInput(Tensor gradIn, Tensor gradOut, Tensor weight, Conv2dShape s) {
        double[] w = weight.toDoubles();
        double[] grad = gradOut.toDoubles();
        double[] sums = new double[Math.toIntExact(gradIn.numel())];
        forEachProduct(s, (in, tap, out) -> sums[in] += w[tap] * grad[out]);
        set(gradIn, sums);
    }

    static void referenceWeight(
            Tensor gradWeight, @Nullable Tensor gradBias, Tensor gradOut, Tensor in, Conv2dShape s) {
        double[] x = in.toDoubles();
        double[] grad = gradOut.toDoubles();
        double[] sums = new double[Math.toIntExact(gradWeight.numel())];
        forEachProduct(s, (at, tap, out) -> sums[tap] += x[at] * grad[out]);
        set(gradWeight, sums);
        if (gradBias != null) {
            double[] bias = new double[s.outChannels()];
            for (int i = 0; i < grad.length; i++) {
                bias[i / s.positions() % s.outChannels()] += grad[i];
            }
            set(gradBias, bias);
        }
    }

    private static void set(Tensor tensor, double[] values) {
        for (int i = 0; i < values.length; i++) {
            tensor.setDouble(i, values[i]);
        }
    }

    /** One product of the forward sum: positions of its input, its weight and the output it goes to. */
    @FunctionalInterface
    private interface Product {
        void at(int in, int tap, int out);
    }

    private static void forEachProduct(Conv2dShape s, Product product) {
        int kernel = s.kernelHeight() * s.kernelWidth();
        for (int out = 0; out < s.batch() * s.outChannels() * s.positions(); out++) {
            int o = out / s.positions() % s.outChannels();
            int image = out / s.positions() / s.outChannels();
            int top = out % s.positions() / s.outWidth() * s.options().strideH()
                    - s.options().paddingH();
            int left = out % s.outWidth() * s.options().strideW() - s.options().paddingW();
            int firstChannel = image * s.inChannels() + o / s.groupOutChannels() * s.groupInChannels();
            for (int tap = 0; tap < s.depth(); tap++) {
                int y = top + tap % kernel / s.kernelWidth();
                int x = left + tap % s.kernelWidth();
                if (y >= 0 && y < s.inHeight() && x >= 0 && x < s.inWidth()) {
                    int plane = firstChannel + tap / kernel;
                    product.at((plane * s.inHeight() + y) * s.inWidth() + x, o * s.depth() + tap, out);
                }
            }
        }
    }

    // F32

    /** Work is shared by image and input channel; each plane is summed in scratch memory. */
    static void input(
            Workers workers,
            WorkerScratch scratch,
            Conv2dShape s,
            MemorySegment gradIn,
            MemorySegment gradOut,
            MemorySegment weight) {
        Conv2dBackwardKernel kernel = new Conv2dBackwardKernel(s);
        int size = s.inHeight() * s.inWidth();
        workers.parallelFor((long) s.batch() * s.inChannels(), 1, (worker, from, to) -> {
            float[] plane = scratch.floats(worker, size);
            for (long unit = from; unit < to; unit++) {
                Arrays.fill(plane, 0, size, 0);
                kernel.inputPlane(plane, unit, gradOut, weight);
                MemorySegment.copy(plane, 0, gradIn, ValueLayout.JAVA_FLOAT, unit * size * Float.BYTES, size);
            }
        });
    }

    private void inputPlane(float[] plane, long unit, MemorySegment gradOut, MemorySegment weight) {
        int channel = (int) (unit % shape.inChannels());
        int group = channel / shape.groupInChannels();
        int kernel = shape.kernelHeight() * shape.kernelWidth();
        long image = unit / shape.inChannels();
        for (int i = 0; i < shape.groupOutChannels(); i++) {
            int o = group * shape.groupOutChannels() + i;
            long grad = (image * shape.outChannels() + o) * shape.positions();
            int taps = o * shape.depth() + channel % shape.groupInChannels() * kernel;
            for (int tap = 0; tap < kernel; tap++) {
                float w = weight.getAtIndex(ValueLayout.JAVA_FLOAT, taps + tap);
                Span x = Span.of(tap % shape.kernelWidth(), shape);
                for (int y = 0; y < shape.outHeight(); y++) {
                    int iy = y * shape.options().strideH() - shape.options().paddingH() + tap / shape.kernelWidth();
                    if (iy >= 0 && iy < shape.inHeight()) {
                        long from = grad + (long) y * shape.outWidth() + x.first();
                        spread(plane, iy * shape.inWidth() + x.in(), x.count(), gradOut, from, w);
                    }
                }
            }
        }
    }

    /** The outputs of a row whose input under one tap lies inside the image, and where the first of them reads. */
    private record Span(int first, int count, int in) {
        static Span of(int kx, Conv2dShape s) {
            int stride = s.options().strideW();
            int offset = kx - s.options().paddingW();
            int first = offset >= 0 ? 0 : Math.ceilDiv(-offset, stride);
            int end = offset >= s.inWidth() ? 0 : Math.min(s.outWidth(), (s.inWidth() - 1 - offset) / stride + 1);
            return new Span(first, Math.max(0, end - first), first * stride + offset);
        }
    }

    /** {@code plane[to + i * stride] += w * grad[from + i]}. */
    private void spread(float[] plane, int to, int count, MemorySegment grad, long from, float w) {
        int stride = shape.options().strideW();
        int i = 0;
        if (stride == 1) {
            for (; i < SPECIES.loopBound(count); i += SPECIES.length()) {
                FloatVector.fromMemorySegment(SPECIES, grad, (from + i) * Float.BYTES, ORDER)
                        .fma(FloatVector.broadcast(SPECIES, w), FloatVector.fromArray(SPECIES, plane, to + i))
                        .intoArray(plane, to + i);
            }
        }
        for (; i < count; i++) {
            float g = grad.get(ValueLayout.JAVA_FLOAT, (from + i) * Float.BYTES);
            plane[to + i * stride] = Math.fma(w, g, plane[to + i * stride]);
        }
    }

    /** Work is shared by output channel. */
    static void weight(
            Workers workers,
            Conv2dShape s,
            MemorySegment gradWeight,
            @Nullable MemorySegment gradBias,
            MemorySegment gradOut,
            MemorySegment in) {
        Conv2dBackwardKernel kernel = new Conv2dBackwardKernel(s);
        workers.parallelFor(s.outChannels(), 1, (worker, from, to) -> {
            for (int o = (int) from; o < to; o++) {
                for (int tap = 0; tap < s.depth(); tap++) {
                    double sum = kernel.weightSum(o, tap, gradOut, in);
                    gradWeight.setAtIndex(ValueLayout.JAVA_FLOAT, (long) o * s.depth() + tap, (float) sum);
                }
                if (gradBias != null) {
                    double sum = 0;
                    for (int image = 0; image < s.batch(); image++) {
                        sum += ChannelMath.sum(
                                gradOut, ((long) image * s.outChannels() + o) * s.positions(), s.positions());
                    }
                    gradBias.setAtIndex(ValueLayout.JAVA_FLOAT, o, (float) sum);
                }
            }
        });
    }

    private double weightSum(int o, int tap, MemorySegment gradOut, MemorySegment in) {
        int kernel = shape.kernelHeight() * shape.kernelWidth();
        int channel = o / shape.groupOutChannels() * shape.groupInChannels() + tap / kernel;
        Span x = Span.of(tap % shape.kernelWidth(), shape);
        double sum = 0;
        for (int image = 0; image < shape.batch(); image++) {
            long grad = ((long) image * shape.outChannels() + o) * shape.positions();
            long plane = ((long) image * shape.inChannels() + channel) * shape.inHeight() * shape.inWidth();
            for (int y = 0; y < shape.outHeight(); y++) {
                int iy =
                        y * shape.options().strideH() - shape.options().paddingH() + tap % kernel / shape.kernelWidth();
                if (iy >= 0 && iy < shape.inHeight()) {
                    long row = plane + (long) iy * shape.inWidth() + x.in();
                    sum += dot(gradOut, grad + (long) y * shape.outWidth() + x.first(), in, row, x.count());
                }
            }
        }
        return sum;
    }

    /** {@code sum(a[i] * b[i * stride])}. */
    private double dot(MemorySegment a, long atA, MemorySegment b, long atB, int count) {
        int stride = shape.options().strideW();
        int i = 0;
        double sum = 0;
        if (stride == 1 && count >= SPECIES.length()) {
            FloatVector sums = FloatVector.zero(SPECIES);
            for (; i < SPECIES.loopBound(count); i += SPECIES.length()) {
                sums = FloatVector.fromMemorySegment(SPECIES, a, (atA + i) * Float.BYTES, ORDER)
                        .fma(FloatVector.fromMemorySegment(SPECIES, b, (atB + i) * Float.BYTES, ORDER), sums);
            }
            sum = sums.reduceLanes(VectorOperators.ADD);
        }
        for (; i < count; i++) {
            double x = b.get(ValueLayout.JAVA_FLOAT, (atB + (long) i * stride) * Float.BYTES);
            sum += x * a.get(ValueLayout.JAVA_FLOAT, (atA + i) * Float.BYTES);
        }
        return sum;
    }
}
