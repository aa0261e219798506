package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.s2d.device.ChannelShape;
import org.s2d.tensor.Tensor;

/** {@code out = in >= 0 ? in : slope[c] * in}. */
final class PReluKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private PReluKernel() {}

    // The specification

    static void reference(Tensor out, Tensor in, Tensor slope, ChannelShape s) {
        for (int i = 0; i < in.numel(); i++) {
            double x = in.getDouble(i);
            out.setDouble(i, x >= 0 ? x : slope.getDouble(i / s.inner() % s.channels()) * x);
        }
    }

    static void referenceBackward(
            Tensor gradIn, Tensor gradSlope, Tensor gradOut, Tensor in, Tensor slope, ChannelShape s) {
        double[] sums = new double[s.channels()];
        for (int i = 0; i < in.numel(); i++) {
            int c = i / s.inner() % s.channels();
            double x = in.getDouble(i);
            double grad = gradOut.getDouble(i);
            gradIn.setDouble(i, x > 0 ? grad : slope.getDouble(c) * grad);
            sums[c] += x > 0 ? 0 : x * grad;
        }
        for (int c = 0; c < s.channels(); c++) {
            gradSlope.setDouble(c, sums[c]);
        }
    }

    // F32

    static void forward(Workers workers, Tensor out, Tensor in, Tensor slope, ChannelShape s) {
        MemorySegment y = out.data();
        MemorySegment x = in.data();
        float[] slopes = slope.toFloats();
        workers.parallelFor((long) s.batch() * s.channels(), 1, (worker, from, to) -> {
            for (long unit = from; unit < to; unit++) {
                row(y, x, unit * s.inner(), s.inner(), slopes[(int) (unit % s.channels())]);
            }
        });
    }

    private static void row(MemorySegment y, MemorySegment x, long at, int count, float slope) {
        int i = 0;
        for (; i < SPECIES.loopBound(count); i += SPECIES.length()) {
            long offset = (at + i) * Float.BYTES;
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, x, offset, ORDER);
            v.mul(slope, v.compare(VectorOperators.GE, 0).not()).intoMemorySegment(y, offset, ORDER);
        }
        if (i < count) {
            long offset = (at + i) * Float.BYTES;
            VectorMask<Float> mask = SPECIES.indexInRange(i, count);
            FloatVector v = FloatVector.fromMemorySegment(SPECIES, x, offset, ORDER, mask);
            v.mul(slope, v.compare(VectorOperators.GE, 0).not()).intoMemorySegment(y, offset, ORDER, mask);
        }
    }

    /** Work shared by channel; the slope's gradient is summed in double. */
    static void backward(
            Workers workers, Tensor gradIn, Tensor gradSlope, Tensor gradOut, Tensor in, Tensor slope, ChannelShape s) {
        MemorySegment dx = gradIn.data();
        MemorySegment dy = gradOut.data();
        MemorySegment x = in.data();
        workers.parallelFor(s.channels(), 1, (worker, from, to) -> {
            for (int c = (int) from; c < to; c++) {
                float factor = (float) slope.getDouble(c);
                double sum = 0;
                for (int image = 0; image < s.batch(); image++) {
                    long start = ((long) image * s.channels() + c) * s.inner();
                    for (long i = start; i < start + s.inner(); i++) {
                        float grad = dy.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                        float value = x.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                        dx.setAtIndex(ValueLayout.JAVA_FLOAT, i, value > 0 ? grad : factor * grad);
                        sum += value > 0 ? 0 : (double) value * grad;
                    }
                }
                gradSlope.setDouble(c, sum);
            }
        });
    }
}
