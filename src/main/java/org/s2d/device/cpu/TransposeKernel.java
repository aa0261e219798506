package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/**
 * Copies of BF16 and F16 between views whose neighbouring elements lie along different dimensions, in bands of columns that fit into cache
 * lines on both sides.
 */
final class TransposeKernel {
    private static final int WIDTH = Lanes.WIDTH;

    private TransposeKernel() {}

    /** True when each side has a dimension of its own along which its elements are neighbours. */
    static boolean fits(StridedLoop loop, DType type) {
        int across = loop.unitDim(0);
        int along = loop.unitDim(1);
        return (type == DType.BF16 || type == DType.F16)
                && across >= 0
                && along >= 0
                && across != along
                && loop.size(across) > 3
                && loop.size(along) > 3;
    }

    /** One plane of the copy: {@code out[q * outStep + p] = in[p * inStep + q]}; positions in elements. */
    private record Plane(MemorySegment out, long outAt, long outStep, MemorySegment in, long inAt, long inStep) {}

    static void transpose(StridedLoop loop, Tensor out, Tensor in, Workers workers) {
        int across = loop.unitDim(0);
        int along = loop.unitDim(1);
        StridedLoop planes = loop.without(Math.max(across, along)).without(Math.min(across, along));
        int width = (int) loop.size(across);
        int height = (int) loop.size(along);
        MemorySegment target = out.base();
        MemorySegment source = in.base();
        // Cut into bands of one tile's height, over all planes.
        int bands = Math.ceilDiv(height, WIDTH);
        long grain = Math.max(1, ElementLoop.GRAIN / ((long) width * WIDTH));
        workers.parallelFor(planes.count() * bands, grain, (worker, from, to) -> {
            planes.forRuns(from / bands, (to - 1) / bands + 1, (at, first, length) -> {
                for (long i = 0; i < length; i++) {
                    long outAt = at[0] + i * planes.runStride(0);
                    long inAt = at[1] + i * planes.runStride(1);
                    Plane plane = new Plane(target, outAt, loop.stride(along, 0), source, inAt, loop.stride(across, 1));
                    long band = (first + i) * bands;
                    int begin = (int) Math.max(0, from - band) * WIDTH;
                    int end = (int) Math.min(height, Math.min(bands, to - band) * WIDTH);
                    copy(plane, begin, end, width);
                }
            });
        });
    }

    private static void copy(Plane plane, int begin, int end, int width) {
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
