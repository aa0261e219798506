package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import org.s2d.tensor.DType;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Rows of one head of a [B1, B2, S, H, d] tensor, F32 or BF16, moved between its memory and a worker's F32 scratch. Heads are
 * numbered over [B1, B2, H].
 */
final class HeadRows {
    private final MemorySegment memory;
    private final boolean half;
    private final int width;
    private final int inner;
    private final int heads;
    private final long outerStride;
    private final long innerStride;
    private final long rowStride;
    private final long headStride;

    HeadRows(String kernel, Tensor tensor) {
        if (tensor.dtype() != DType.F32 && tensor.dtype() != DType.BF16) {
            throw new ShapeException(kernel + ": " + tensor + " on the CPU, expected F32 or BF16");
        }
        memory = tensor.base();
        half = tensor.dtype() == DType.BF16;
        width = tensor.dim(4);
        inner = tensor.dim(1);
        heads = tensor.dim(3);
        outerStride = tensor.stride(0);
        innerStride = tensor.stride(1);
        rowStride = tensor.stride(2);
        headStride = tensor.stride(3);
    }

    /** Position of the first row of a head. */
    private long start(int problem) {
        int sequence = problem / heads;
        return sequence / inner * outerStride + sequence % inner * innerStride + problem % heads * headStride;
    }

    /**
     * Copies rows, times {@code factor}, into {@code to}; fills up with zeros to whole vectors and to {@code padded} rows. Goes down the
     * rows one vector at a time, so that masks and loop bounds are settled once and not for every short row.
     */
    void load(int problem, int first, int rows, float factor, float[] to, int stride, int padded) {
        long start = start(problem) + first * rowStride;
        for (int c = 0; c < width; c += Lanes.WIDTH) {
            if (half) {
                VectorMask<Short> inside = Lanes.S.indexInRange(c, width);
                for (int i = 0; i < rows; i++) {
                    Lanes.fromBf16(ShortVector.fromMemorySegment(
                                    Lanes.S, memory, (start + c + i * rowStride) * 2, Lanes.ORDER, inside))
                            .mul(factor)
                            .intoArray(to, i * stride + c);
                }
            } else {
                VectorMask<Float> inside = Lanes.F.indexInRange(c, width);
                for (int i = 0; i < rows; i++) {
                    FloatVector.fromMemorySegment(Lanes.F, memory, (start + c + i * rowStride) * 4, Lanes.ORDER, inside)
                            .mul(factor)
                            .intoArray(to, i * stride + c);
                }
            }
        }
        Arrays.fill(to, rows * stride, padded * stride, 0);
    }

    /** Copies rows from scratch. */
    void store(int problem, int first, int rows, float[] from, int stride) {
        long start = start(problem) + first * rowStride;
        for (int c = 0; c < width; c += Lanes.WIDTH) {
            if (half) {
                VectorMask<Short> inside = Lanes.S.indexInRange(c, width);
                for (int i = 0; i < rows; i++) {
                    Lanes.toBf16(FloatVector.fromArray(Lanes.F, from, i * stride + c))
                            .intoMemorySegment(memory, (start + c + i * rowStride) * 2, Lanes.ORDER, inside);
                }
            } else {
                VectorMask<Float> inside = Lanes.F.indexInRange(c, width);
                for (int i = 0; i < rows; i++) {
                    FloatVector.fromArray(Lanes.F, from, i * stride + c)
                            .intoMemorySegment(memory, (start + c + i * rowStride) * 4, Lanes.ORDER, inside);
                }
            }
        }
    }
}
