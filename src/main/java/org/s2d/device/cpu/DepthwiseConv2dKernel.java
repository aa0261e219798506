package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.s2d.device.Conv2dShape;

/**
 * Convolution of each channel by itself; {@link Conv2dKernel#reference} is its specification. A channel's plane is copied
 * with its zero padding, its columns sorted by their remainder modulo the stride: then every tap of every stride reads
 * neighbouring outputs' inputs as one vector. Rows of vectors are stored in ascending order, so that what a vector writes
 * past its row's end is overwritten by the next row.
 */
final class DepthwiseConv2dKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /** Every second lane from lane 0 or lane 1 on, twice: of two vectors shuffled so, the halves are joined. */
    private static final VectorShuffle<Float> EVEN = VectorShuffle.fromOp(SPECIES, i -> 2 * i % LANES);

    private static final VectorShuffle<Float> ODD = VectorShuffle.fromOp(SPECIES, i -> (2 * i + 1) % LANES);
    private static final VectorMask<Float> UPPER =
            SPECIES.indexInRange(0, LANES / 2).not();

    private final Conv2dShape shape;
    private final MemorySegment in;
    private final MemorySegment weight;
    private final ChannelOutput out;
    /** Columns of one remainder with room for a vector that runs over, and of a whole padded row. */
    private final int phase;

    private final int pitch;
    /** Where each tap of the first output reads. */
    private final int[] taps;
    /** A worker's memory: the padded plane, the plane of sums, the channel's weights; vectors may run over either plane. */
    private final int sumsAt;

    private final int weightsAt;

    private DepthwiseConv2dKernel(Conv2dShape shape, MemorySegment in, MemorySegment weight, ChannelOutput out) {
        this.shape = shape;
        this.in = in;
        this.weight = weight;
        this.out = out;
        int stride = shape.options().strideW();
        phase = Math.ceilDiv(shape.inWidth() + 2 * shape.options().paddingW(), stride) + (stride == 2 ? LANES : 0);
        pitch = phase * stride;
        sumsAt = (shape.inHeight() + 2 * shape.options().paddingH()) * pitch + 2 * LANES;
        weightsAt = sumsAt + shape.positions() + LANES;
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
        long units = (long) shape.batch() * shape.outChannels();
        workers.parallelFor(units, 1, (worker, from, to) -> {
            float[] memory = scratch.floats(worker, kernel.weightsAt + shape.depth());
            Arrays.fill(memory, 0, kernel.sumsAt, 0); // the padding stays zero from plane to plane
            for (long unit = from; unit < to; unit++) {
                kernel.plane(memory, unit);
            }
        });
    }

    private void plane(float[] memory, long unit) {
        int channel = (int) (unit % shape.outChannels());
        long weights = (long) channel * taps.length * Float.BYTES;
        MemorySegment.copy(weight, ValueLayout.JAVA_FLOAT, weights, memory, weightsAt, taps.length);
        for (int y = 0; y < shape.inHeight(); y++) {
            long from = (unit * shape.inHeight() + y) * shape.inWidth();
            int to = (y + shape.options().paddingH()) * pitch;
            switch (shape.options().strideW()) {
                case 1 -> packRow(memory, from, to + shape.options().paddingW());
                case 2 -> splitRow(memory, from, to);
                default -> sortRow(memory, from, to);
            }
        }
        if (shape.kernelHeight() == 3 && shape.kernelWidth() == 3) {
            sums3x3(memory);
        } else {
            sums(memory);
        }
        out.storeRow(memory, sumsAt, shape.positions(), channel, unit * shape.positions());
    }

    /** Copies a row; the lanes past its end become zeros, as the padding there is. */
    private void packRow(float[] memory, long from, int to) {
        for (int x = 0; x < shape.inWidth(); x += LANES) {
            load(from, x).intoArray(memory, to + x);
        }
    }

    private FloatVector load(long row, int x) {
        long offset = (row + x) * Float.BYTES;
        if (x + LANES <= shape.inWidth()) {
            return FloatVector.fromMemorySegment(SPECIES, in, offset, ORDER);
        }
        if (x >= shape.inWidth()) {
            return FloatVector.zero(SPECIES);
        }
        VectorMask<Float> mask = SPECIES.indexInRange(x, shape.inWidth());
        return FloatVector.fromMemorySegment(SPECIES, in, offset, ORDER, mask);
    }

    /** Sorts a row for stride 2, a vector of either remainder at a time. */
    private void splitRow(float[] memory, long from, int to) {
        int padding = shape.options().paddingW();
        int evens = to + padding % 2 * phase + padding / 2;
        int odds = to + (padding + 1) % 2 * phase + (padding + 1) / 2;
        for (int x = 0; x < shape.inWidth(); x += 2 * LANES) {
            FloatVector left = load(from, x);
            FloatVector right = load(from, x + LANES);
            left.rearrange(EVEN).blend(right.rearrange(EVEN), UPPER).intoArray(memory, evens + x / 2);
            left.rearrange(ODD).blend(right.rearrange(ODD), UPPER).intoArray(memory, odds + x / 2);
        }
    }

    private void sortRow(float[] memory, long from, int to) {
        int stride = shape.options().strideW();
        for (int x = 0; x < shape.inWidth(); x++) {
            int column = x + shape.options().paddingW();
            memory[to + column % stride * phase + column / stride] =
                    in.get(ValueLayout.JAVA_FLOAT, (from + x) * Float.BYTES);
        }
    }

    private static FloatVector at(float[] memory, int index) {
        return FloatVector.fromArray(SPECIES, memory, index);
    }

    private FloatVector tap(float[] memory, int tap) {
        return FloatVector.broadcast(SPECIES, memory[weightsAt + tap]);
    }

    /**
     * Two output rows at a time; where the number of rows is odd the last is computed twice. From right to left, because the
     * first row's last vector runs into the second row.
     */
    private void sums3x3(float[] memory) {
        int width = shape.outWidth();
        int rowStep = shape.options().strideH() * pitch;
        for (int y = 0; y < shape.outHeight(); y += 2) {
            int next = Math.min(y + 1, shape.outHeight() - 1);
            for (int x = (width - 1) / LANES * LANES; x >= 0; x -= LANES) {
                sums3x3(memory, y * rowStep + x, next * rowStep + x, sumsAt + y * width + x, sumsAt + next * width + x);
            }
        }
    }

    private void sums3x3(float[] memory, int first, int second, int firstTo, int secondTo) {
        int middle = taps[1];
        int right = taps[2];
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        for (int row = 0, tap = 0; row < 3 * pitch; row += pitch, tap += 3) {
            FloatVector w = tap(memory, tap);
            a = at(memory, first + row).fma(w, a);
            b = at(memory, second + row).fma(w, b);
            w = tap(memory, tap + 1);
            a = at(memory, first + row + middle).fma(w, a);
            b = at(memory, second + row + middle).fma(w, b);
            w = tap(memory, tap + 2);
            a = at(memory, first + row + right).fma(w, a);
            b = at(memory, second + row + right).fma(w, b);
        }
        a.intoArray(memory, firstTo);
        b.intoArray(memory, secondTo);
    }

    private void sums(float[] memory) {
        int rowStep = shape.options().strideH() * pitch;
        int width = shape.outWidth();
        for (int y = 0; y < shape.outHeight(); y++) {
            for (int x = 0; x < width; x += LANES) {
                FloatVector sum = FloatVector.zero(SPECIES);
                for (int tap = 0; tap < taps.length; tap++) {
                    sum = at(memory, y * rowStep + taps[tap] + x).fma(tap(memory, tap), sum);
                }
                sum.intoArray(memory, sumsAt + y * width + x);
            }
        }
    }
}
