package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/**
 * Copies between views whose neighbouring elements lie along different dimensions, tile by tile of W x W elements, W the length of
 * a vector, so that both sides are read and written in whole vectors.
 *
 * <p>A tile is transposed by log2(W) equal stages. A stage interleaves row i with row i + W/2 into rows 2i and 2i + 1: the binary
 * digits of (row, column) rotate by one place, so that after as many stages as a row number has digits the two have changed sides.
 * (Gathering columns would be simpler and, where processors guard their gathers, several times slower.)
 */
final class TransposeKernel {
    private static final int WIDTH = Lanes.WIDTH;
    private static final int STAGES = Integer.numberOfTrailingZeros(WIDTH);
    private static final long TILE_ROW = 4L * WIDTH;

    /** Every element of the first or the second half twice. */
    private static final VectorShuffle<Float> FIRST_HALF = VectorShuffle.fromOp(Lanes.F, i -> i / 2);

    private static final VectorShuffle<Float> SECOND_HALF = VectorShuffle.fromOp(Lanes.F, i -> WIDTH / 2 + i / 2);
    private static final VectorMask<Float> ODD = VectorMask.fromLong(Lanes.F, 0xaaaaaaaaaaaaaaaaL >>> (64 - WIDTH));

    private TransposeKernel() {}

    /** True when each side has a dimension of its own along which its elements are neighbours. */
    static boolean fits(StridedLoop loop, DType type) {
        int across = loop.unitDim(0);
        int along = loop.unitDim(1);
        return (type == DType.F32 || type == DType.BF16 || type == DType.F16)
                && across >= 0
                && along >= 0
                && across != along
                && loop.size(across) > 3
                && loop.size(along) > 3;
    }

    /** One plane of the copy: {@code out[q * outStep + p] = in[p * inStep + q]}; positions in elements. */
    private record Plane(MemorySegment out, long outAt, long outStep, MemorySegment in, long inAt, long inStep) {}

    static void transpose(StridedLoop loop, Tensor out, Tensor in, Workers workers, Scratch scratch) {
        int across = loop.unitDim(0);
        int along = loop.unitDim(1);
        StridedLoop planes = loop.without(Math.max(across, along)).without(Math.min(across, along));
        int width = (int) loop.size(across);
        int height = (int) loop.size(along);
        MemorySegment target = out.base();
        MemorySegment source = in.base();
        boolean words = out.dtype() == DType.F32;
        // Cut into bands of one tile's height, over all planes.
        int bands = Math.ceilDiv(height, WIDTH);
        long grain = Math.max(1, ElementLoop.GRAIN / ((long) width * WIDTH));
        workers.parallelFor(planes.count() * bands, grain, (worker, from, to) -> {
            MemorySegment tile = scratch.get(worker, 0, WIDTH * TILE_ROW);
            MemorySegment other = scratch.get(worker, 1, WIDTH * TILE_ROW);
            planes.forRuns(from / bands, (to - 1) / bands + 1, (at, first, length) -> {
                for (long i = 0; i < length; i++) {
                    long outAt = at[0] + i * planes.runStride(0);
                    long inAt = at[1] + i * planes.runStride(1);
                    Plane plane = new Plane(target, outAt, loop.stride(along, 0), source, inAt, loop.stride(across, 1));
                    long band = (first + i) * bands;
                    int begin = (int) Math.max(0, from - band) * WIDTH;
                    int end = (int) Math.min(height, Math.min(bands, to - band) * WIDTH);
                    if (words) {
                        words(plane, begin, end, width, tile, other);
                    } else {
                        shorts(plane, begin, end, width);
                    }
                }
            });
        });
    }

    private static void words(Plane plane, int begin, int end, int width, MemorySegment tile, MemorySegment other) {
        int wholeHeight = end - (end - begin) % WIDTH;
        int wholeWidth = width - width % WIDTH;
        for (int q = begin; q < wholeHeight; q += WIDTH) {
            for (int p = 0; p < wholeWidth; p += WIDTH) {
                tile(plane, q, p, tile, other);
            }
        }
        edge(plane, begin, wholeHeight, wholeWidth, width);
        edge(plane, wholeHeight, end, 0, width);
    }

    private static void tile(Plane plane, int q, int p, MemorySegment tile, MemorySegment other) {
        MemorySegment from = tile;
        MemorySegment to = other;
        stage(from, 0, TILE_ROW, plane.in, 4 * (plane.inAt + p * plane.inStep + q), 4 * plane.inStep);
        for (int i = 2; i < STAGES; i++) {
            stage(to, 0, TILE_ROW, from, 0, TILE_ROW);
            MemorySegment written = to;
            to = from;
            from = written;
        }
        stage(plane.out, 4 * (plane.outAt + q * plane.outStep + p), 4 * plane.outStep, from, 0, TILE_ROW);
    }

    private static void stage(MemorySegment out, long outAt, long outStep, MemorySegment in, long inAt, long inStep) {
        for (int i = 0; i < WIDTH / 2; i++) {
            FloatVector a = Lanes.load(in, inAt + i * inStep);
            FloatVector b = Lanes.load(in, inAt + (i + WIDTH / 2) * inStep);
            long to = outAt + 2L * i * outStep;
            a.rearrange(FIRST_HALF).blend(b.rearrange(FIRST_HALF), ODD).intoMemorySegment(out, to, Lanes.ORDER);
            a.rearrange(SECOND_HALF)
                    .blend(b.rearrange(SECOND_HALF), ODD)
                    .intoMemorySegment(out, to + outStep, Lanes.ORDER);
        }
    }

    private static void edge(Plane plane, int begin, int end, int left, int right) {
        for (int q = begin; q < end; q++) {
            for (int p = left; p < right; p++) {
                int bits = plane.in.get(ValueLayout.JAVA_INT, 4 * (plane.inAt + p * plane.inStep + q));
                plane.out.set(ValueLayout.JAVA_INT, 4 * (plane.outAt + q * plane.outStep + p), bits);
            }
        }
    }

    private static void shorts(Plane plane, int begin, int end, int width) {
        for (int left = 0; left < width; left += WIDTH) {
            int right = Math.min(width, left + WIDTH);
            for (int q = begin; q < end; q++) {
                for (int p = left; p < right; p++) {
                    short bits = plane.in.get(ValueLayout.JAVA_SHORT, 2 * (plane.inAt + p * plane.inStep + q));
                    plane.out.set(ValueLayout.JAVA_SHORT, 2 * (plane.outAt + q * plane.outStep + p), bits);
                }
            }
        }
    }
}
