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
import org.s2d.device.Convolutions.Conv2dEpilogue;
import org.s2d.tensor.Tensor;

/** Where a convolution's sums go: bias, activation and residual on the way. All tensors F32. */
final class ChannelOutput {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final MemorySegment out;
    private final float[] bias;
    private final float[] slope;
    private final float ceiling;
    private final @Nullable MemorySegment residual;

    ChannelOutput(Conv2dShape shape, Tensor out, @Nullable Tensor bias, Conv2dEpilogue epilogue) {
        this.out = out.data();
        this.bias = bias == null ? new float[shape.outChannels()] : bias.toFloats();
        slope = epilogue.slope() == null
                ? ones(shape.outChannels())
                : epilogue.slope().toFloats();
        ceiling = (float) epilogue.ceiling();
        residual = epilogue.residual() == null ? null : epilogue.residual().data();
    }

    private static float[] ones(int count) {
        float[] values = new float[count];
        Arrays.fill(values, 1);
        return values;
    }

    /** Stores {@code count} sums of a channel, from {@code from} in {@code sums}, at the elements from {@code to} on. */
    void storeRow(float[] sums, int from, int count, int channel, long to) {
        int whole = SPECIES.loopBound(count);
        if (residual == null) {
            storeVectors(sums, from, whole, channel, to);
        } else {
            storeVectors(sums, from, whole, channel, to, residual);
        }
        for (int i = whole; i < count; i++) {
            float v = sums[from + i] + bias[channel];
            v = v < 0 ? v * slope[channel] : v;
            v = v > ceiling ? ceiling : v;
            long offset = (to + i) * Float.BYTES;
            out.set(
                    ValueLayout.JAVA_FLOAT,
                    offset,
                    residual == null ? v : v + residual.get(ValueLayout.JAVA_FLOAT, offset));
        }
    }

    // Two loops rather than a branch in one, and no vector handed to another method: either would put vectors on the
    // heap.

    private void storeVectors(float[] sums, int from, int count, int channel, long to) {
        FloatVector shift = FloatVector.broadcast(SPECIES, bias[channel]);
        FloatVector factor = FloatVector.broadcast(SPECIES, slope[channel]);
        FloatVector highest = FloatVector.broadcast(SPECIES, ceiling);
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int i = 0; i < count; i += LANES) {
            FloatVector v = FloatVector.fromArray(SPECIES, sums, from + i).add(shift);
            FloatVector w = v.blend(v.mul(factor), v.compare(VectorOperators.LT, zero));
            w.blend(highest, w.compare(VectorOperators.GT, highest))
                    .intoMemorySegment(out, (to + i) * Float.BYTES, ORDER);
        }
    }

    private void storeVectors(float[] sums, int from, int count, int channel, long to, MemorySegment other) {
        FloatVector shift = FloatVector.broadcast(SPECIES, bias[channel]);
        FloatVector factor = FloatVector.broadcast(SPECIES, slope[channel]);
        FloatVector highest = FloatVector.broadcast(SPECIES, ceiling);
        FloatVector zero = FloatVector.zero(SPECIES);
        for (int i = 0; i < count; i += LANES) {
            long offset = (to + i) * Float.BYTES;
            FloatVector v = FloatVector.fromArray(SPECIES, sums, from + i).add(shift);
            FloatVector w = v.blend(v.mul(factor), v.compare(VectorOperators.LT, zero));
            w.blend(highest, w.compare(VectorOperators.GT, highest))
                    .add(FloatVector.fromMemorySegment(SPECIES, other, offset, ORDER))
                    .intoMemorySegment(out, offset, ORDER);
        }
    }
}
