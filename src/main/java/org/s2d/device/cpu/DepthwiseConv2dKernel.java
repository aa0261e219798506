package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.s2d.device.Conv2dShape;

/**
 * Convolution of each channel by itself; {@link Conv2dKernel#reference} is its specification. A channel's plane is copied
 * with its zero padding, its columns sorted by their remainder modulo the stride: then every tap of every stride reads
 * neighbouring outputs' inputs as one vector. Four output rows are summed at a time.
 */
final class DepthwiseConv2dKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int ROWS = 4;

    private final Conv2dShape shape;
    private final MemorySegment in;
    private final MemorySegment weight;
    private final ChannelOutput out;
    /** Columns of one remainder, and of a whole padded row. */
    private final int phase;

    private final int pitch;
    private final int[] taps;

    private DepthwiseConv2dKernel(Conv2dShape shape, MemorySegment in, MemorySegment weight, ChannelOutput out) {
        this.shape = shape;
        this.in = in;
        this.weight = weight;
        this.out = out;
        int stride = shape.options().strideW();
        phase = Math.ceilDiv(shape.inWidth() + 2 * shape.options().paddingW(), stride);
        pitch = phase * stride;
        taps = new int[shape.depth()];
        for (int ky = 0, tap = 0; ky < shape.kernelHeight(); ky++) {
            for (int kx = 0; kx < shape.kernelWidth(); kx++, tap++) {
                taps[tap] = ky * pitch + kx % stride * phase + kx / stride;
            }
        }
    }

    /** All tensors F32 and contiguous; work is shared by image and channel. */
    static void forward(
            Workers workers,
            WorkerScratch scratch,
            Conv2dShape shape,
            MemorySegment in,
            MemorySegment weight,
            ChannelOutput out) {
        DepthwiseConv2dKernel kernel = new DepthwiseConv2dKernel(shape, in, weight, out);
        // Vectors may read past the last row's end; those lanes are not stored.
        int size = (shape.inHeight() + 2 * shape.options().paddingH()) * kernel.pitch + LANES;
        long units = (long) shape.batch() * shape.outChannels();
        workers.parallelFor(units, 1, (worker, from, to) -> {
            float[] plane = scratch.floats(worker, size + shape.depth());
            Arrays.fill(plane, 0, size, 0); // the padding stays zero from plane to plane
            for (long unit = from; unit < to; unit++) {
                kernel.pack(plane, unit);
                kernel.plane(plane, unit, size);
            }
        });
    }

    private void pack(float[] plane, long unit) {
        int width = shape.inWidth();
        int stride = shape.options().strideW();
        for (int y = 0; y < shape.inHeight(); y++) {
            long from = (unit * shape.inHeight() + y) * width;
            int to = (y + shape.options().paddingH()) * pitch;
            if (stride == 1) {
                to += shape.options().paddingW();
                MemorySegment.copy(in, ValueLayout.JAVA_FLOAT, from * Float.BYTES, plane, to, width);
            } else {
                for (int x = 0; x < width; x++) {
                    int column = x + shape.options().paddingW();
                    plane[to + column % stride * phase + column / stride] =
                            in.get(ValueLayout.JAVA_FLOAT, (from + x) * Float.BYTES);
                }
            }
        }
    }

    private void plane(float[] plane, long unit, int weightsAt) {
        int channel = (int) (unit % shape.outChannels());
        MemorySegment.copy(
                weight,
                ValueLayout.JAVA_FLOAT,
                (long) channel * taps.length * Float.BYTES,
                plane,
                weightsAt,
                taps.length);
        int rowStep = shape.options().strideH() * pitch;
        int last = shape.outHeight() - 1;
        for (int y = 0; y <= last; y += ROWS) {
            int row0 = y * rowStep;
            int row1 = Math.min(y + 1, last) * rowStep;
            int row2 = Math.min(y + 2, last) * rowStep;
            int row3 = Math.min(y + 3, last) * rowStep;
            for (int x = 0; x < shape.outWidth(); x += LANES) {
                FloatVector v0 = FloatVector.zero(SPECIES);
                FloatVector v1 = v0;
                FloatVector v2 = v0;
                FloatVector v3 = v0;
                for (int tap = 0; tap < taps.length; tap++) {
                    int at = taps[tap] + x;
                    FloatVector w = FloatVector.broadcast(SPECIES, plane[weightsAt + tap]);
                    v0 = FloatVector.fromArray(SPECIES, plane, row0 + at).fma(w, v0);
                    v1 = FloatVector.fromArray(SPECIES, plane, row1 + at).fma(w, v1);
                    v2 = FloatVector.fromArray(SPECIES, plane, row2 + at).fma(w, v2);
                    v3 = FloatVector.fromArray(SPECIES, plane, row3 + at).fma(w, v3);
                }
                long at = unit * shape.positions() + (long) y * shape.outWidth() + x;
                int valid = shape.outWidth() - x;
                out.store(v0, channel, at, valid);
                out.store(v1, channel, at + shape.outWidth(), y + 1 <= last ? valid : 0);
                out.store(v2, channel, at + 2L * shape.outWidth(), y + 2 <= last ? valid : 0);
                out.store(v3, channel, at + 3L * shape.outWidth(), y + 3 <= last ? valid : 0);
            }
        }
    }
}
