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

    /** Stores the first {@code valid} lanes (none where it is not positive) at the elements from {@code at} on. */
    void store(FloatVector sum, int channel, long at, int valid) {
        if (valid <= 0) {
            return;
        }
        FloatVector v = sum.add(bias[channel]);
        v = v.mul(slope[channel], v.compare(VectorOperators.LT, 0));
        v = v.blend(ceiling, v.compare(VectorOperators.GT, ceiling));
        long offset = at * Float.BYTES;
        if (valid >= SPECIES.length()) {
            if (residual != null) {
                v = v.add(FloatVector.fromMemorySegment(SPECIES, residual, offset, ORDER));
            }
            v.intoMemorySegment(out, offset, ORDER);
        } else {
            VectorMask<Float> mask = SPECIES.indexInRange(0, valid);
            if (residual != null) {
                v = v.add(FloatVector.fromMemorySegment(SPECIES, residual, offset, ORDER, mask));
            }
            v.intoMemorySegment(out, offset, ORDER, mask);
        }
    }
}
