package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions.Conv2dEpilogue;
import org.s2d.tensor.Tensor;

/** Where a convolution's sums go: bias, activation and residual on the way. All tensors F32. */
final class ChannelOutput {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
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
        FloatVector biases = FloatVector.broadcast(SPECIES, bias[channel]);
        FloatVector slopes = FloatVector.broadcast(SPECIES, slope[channel]);
        int i = 0;
        for (; i < SPECIES.loopBound(count); i += SPECIES.length()) {
            long offset = (to + i) * Float.BYTES;
            FloatVector v = active(FloatVector.fromArray(SPECIES, sums, from + i).add(biases), slopes);
            if (residual != null) {
                v = v.add(FloatVector.fromMemorySegment(SPECIES, residual, offset, ORDER));
            }
            v.intoMemorySegment(out, offset, ORDER);
        }
        if (i < count) {
            long offset = (to + i) * Float.BYTES;
            VectorMask<Float> mask = SPECIES.indexInRange(i, count);
            FloatVector v = active(FloatVector.fromArray(SPECIES, sums, from + i, mask).add(biases), slopes);
            if (residual != null) {
                v = v.add(FloatVector.fromMemorySegment(SPECIES, residual, offset, ORDER, mask));
            }
            v.intoMemorySegment(out, offset, ORDER, mask);
        }
    }

    private FloatVector active(FloatVector v, FloatVector slopes) {
        FloatVector w = v.mul(slopes, v.compare(VectorOperators.LT, 0));
        return w.blend(ceiling, w.compare(VectorOperators.GT, ceiling));
    }
}
