package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.Tensor;

/** One value everywhere. */
final class FillKernel {
    private FillKernel() {}

    // Scalar reference

    static void reference(Tensor out, double value) {
        Cells cells = new Cells(out);
        StridedLoop.over(out.shape(), out).forEach(at -> cells.set(at[0], value));
    }

    // Parallel version; runs of zero bits, which is what fills are mostly for, go to the platform's fill.

    static void fill(Tensor out, double value, Workers workers) {
        boolean zeroBits = Double.doubleToRawLongBits(value) == 0;
        long size = out.dtype().bytes();
        StridedLoop loop = StridedLoop.over(out.shape(), out);
        Cells cells = new Cells(out);
        MemorySegment base = out.base();
        long stride = loop.runStride(0);
        workers.parallelFor(
                loop.count(),
                ElementLoop.GRAIN,
                (worker, from, to) -> loop.forRuns(from, to, (at, first, n) -> {
                    if (zeroBits && stride == 1) {
                        base.asSlice(at[0] * size, n * size).fill((byte) 0);
                        return;
                    }
                    for (long i = 0; i < n; i++) {
                        cells.set(at[0] + i * stride, value);
                    }
                }));
    }
}
