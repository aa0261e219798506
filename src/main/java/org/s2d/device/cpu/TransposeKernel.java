package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/**
 * Copies between views whose neighbouring elements lie along different dimensions, square tile by square tile, so that both
 * sides are read and written in whole vectors.
 */
final class TransposeKernel {
    /** One more than a vector, so that a column's elements fall into different cache banks. */
    private static final int TILE_ROW = Lanes.WIDTH + 1;

    private static final int[] COLUMN = column();

    private TransposeKernel() {}

    private static int[] column() {
        int[] places = new int[Lanes.WIDTH];
        for (int i = 0; i < places.length; i++) {
            places[i] = i * TILE_ROW;
        }
        return places;
    }

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

    /** One plane of the copy: {@code out[q * outStep + p] = in[p * inStep + q]}. */
    private record Plane(MemorySegment out, long outAt, long outStep, MemorySegment in, long inAt, long inStep) {}

    static void transpose(StridedLoop loop, Tensor out, Tensor in, Workers workers) {
        int across = loop.unitDim(0);
        int along = loop.unitDim(1);
        StridedLoop planes = loop.without(Math.max(across, along)).without(Math.min(across, along));
        long outStep = loop.stride(along, 0);
        long inStep = loop.stride(across, 1);
        int width = (int) loop.size(across);
        int height = (int) loop.size(along);
        MemorySegment target = out.base();
        MemorySegment source = in.base();
        boolean words = out.dtype() == DType.F32;
        // Cut along both planes and bands of one tile.
        int bands = Math.ceilDiv(height, Lanes.WIDTH);
        long grain = Math.max(1, ElementLoop.GRAIN / ((long) width * Lanes.WIDTH));
        workers.parallelFor(planes.count() * bands, grain, (worker, from, to) -> {
            float[] tile = words ? new float[Lanes.WIDTH * TILE_ROW] : new float[0];
            long firstPlane = from / bands;
            long lastPlane = (to - 1) / bands;
            planes.forRuns(firstPlane, lastPlane + 1, (at, first, length) -> {
                for (long i = 0; i < length; i++) {
                    Plane plane = new Plane(
                            target,
                            at[0] + i * planes.runStride(0),
                            outStep,
                            source,
                            at[1] + i * planes.runStride(1),
                            inStep);
                    long base = (first + i) * bands;
                    int begin = (int) Math.max(0, from - base) * Lanes.WIDTH;
                    int end = (int) Math.min(height, Math.min(bands, to - base) * Lanes.WIDTH);
                    if (words) {
                        words(plane, begin, end, width, tile);
                    } else {
                        shorts(plane, begin, end, 0, width);
                    }
                }
            });
        });
    }

    private static void words(Plane plane, int begin, int end, int width, float[] tile) {
        int wholeWidth = width - width % Lanes.WIDTH;
        for (int q = begin; q < end; q += Lanes.WIDTH) {
            if (q + Lanes.WIDTH > end) {
                edge(plane, q, end, 0, width);
                return;
            }
            for (int p = 0; p < wholeWidth; p += Lanes.WIDTH) {
                tile(plane, q, p, tile);
            }
            edge(plane, q, q + Lanes.WIDTH, wholeWidth, width);
        }
    }

    private static void tile(Plane plane, int q, int p, float[] tile) {
        MemorySegment in = plane.in;
        long from = 4 * (plane.inAt + p * plane.inStep + q);
        long inBytes = 4 * plane.inStep;
        for (int j = 0; j < Lanes.WIDTH; j++) {
            Lanes.load(in, from + j * inBytes).intoArray(tile, j * TILE_ROW);
        }
        MemorySegment out = plane.out;
        long to = 4 * (plane.outAt + q * plane.outStep + p);
        long outBytes = 4 * plane.outStep;
        for (int k = 0; k < Lanes.WIDTH; k++) {
            Lanes.store(FloatVector.fromArray(Lanes.F, tile, k, COLUMN, 0), out, to + k * outBytes);
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

    private static void shorts(Plane plane, int begin, int end, int left, int right) {
        for (int p0 = left; p0 < right; p0 += 32) {
            int stop = Math.min(right, p0 + 32);
            for (int q = begin; q < end; q++) {
                for (int p = p0; p < stop; p++) {
                    short bits = plane.in.get(ValueLayout.JAVA_SHORT, 2 * (plane.inAt + p * plane.inStep + q));
                    plane.out.set(ValueLayout.JAVA_SHORT, 2 * (plane.outAt + q * plane.outStep + p), bits);
                }
            }
        }
    }
}
