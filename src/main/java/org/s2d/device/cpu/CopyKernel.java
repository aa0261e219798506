package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorSpecies;
import org.s2d.device.Checks;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.DType;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Copies between views and element types. */
final class CopyKernel {
    private static final VectorSpecies<Byte> BYTES = ByteVector.SPECIES_PREFERRED;

    /** From this size on the platform's copy is faster than a loop of our own. */
    private static final long LONG_ROW_BYTES = 1024;

    private CopyKernel() {}

    /** The input in the shape of the output; integers copy only to their own type. */
    static Tensor check(Tensor out, Tensor in) {
        if (!in.dtype().convertsTo(out.dtype())) {
            throw new ShapeException("copy: no conversion from " + in + " to " + out);
        }
        return Checks.broadcast("copy", in, out);
    }

    // Scalar reference

    static void reference(Tensor out, Tensor in) {
        Tensor source = check(out, in);
        Cells to = new Cells(out);
        Cells from = new Cells(source);
        StridedLoop.over(out.shape(), out, source).forEach(at -> to.set(at[0], from.get(at[1])));
    }

    // Vector version

    static void copy(Tensor out, Tensor in, Workers workers, Scratch scratch, OneDnnReorder reorder) {
        Tensor source = check(out, in);
        StridedLoop loop = StridedLoop.over(out.shape(), out, source);
        boolean rows = loop.runStride(0) == 1 && loop.runStride(1) == 1;
        if (out.dtype() != in.dtype()) {
            convert(loop, out, source, workers, scratch);
        } else if (rows && loop.rank() == 1) {
            long size = out.dtype().bytes();
            workers.parallelFor(
                    loop.count(),
                    ElementLoop.GRAIN,
                    (worker, from, to) -> MemorySegment.copy(
                            source.base(), from * size, out.base(), from * size, (to - from) * size));
        } else if (OneDnnReorder.fits(loop, out, source)) {
            reorder.copy(loop, out, source);
        } else if (rows && out.dtype() != DType.U8) {
            copyRows(loop, out, source, workers);
        } else if (TransposeKernel.fits(loop, out.dtype())) {
            TransposeKernel.transpose(loop, out, source, workers);
        } else {
            copyElements(loop, out, source, workers);
        }
    }

    /** Converts chunks of runs; F64 and F16 one by one. */
    private static void convert(StridedLoop loop, Tensor out, Tensor in, Workers workers, Scratch scratch) {
        if (out.dtype() == DType.F64 || in.dtype() == DType.F64) {
            copyElements(loop, out, in, workers);
            return;
        }
        int chunk = (int) Math.min(2048, loop.runLength());
        long step = loop.runStride(0);
        boolean straight = out.dtype() == DType.F32 && step == 1;
        MemorySegment target = out.base();
        MemorySegment source = in.base();
        workers.parallelFor(loop.count(), ElementLoop.GRAIN, (worker, from, to) -> {
            Rows rows = new Rows(in, loop.runStride(1), scratch, worker, 0, chunk);
            loop.forRuns(from, to, (at, first, length) -> {
                if (straight) {
                    Lanes.widen(in.dtype(), source, at[1], loop.runStride(1), target, 4 * at[0], (int) length);
                    return;
                }
                for (long done = 0; done < length; done += chunk) {
                    int n = (int) Math.min(chunk, length - done);
                    rows.read(at[1] + done * loop.runStride(1), n);
                    Lanes.narrow(rows.segment, rows.at, out.dtype(), target, at[0] + done * step, step, n);
                }
            });
        });
    }

    /** Rows without gaps on both sides. */
    private static void copyRows(StridedLoop loop, Tensor out, Tensor in, Workers workers) {
        long size = out.dtype().bytes();
        long bytes = loop.runLength() * size;
        StridedLoop outer = loop.without(loop.rank() - 1);
        long toStep = outer.runStride(0) * size;
        long fromStep = outer.runStride(1) * size;
        MemorySegment target = out.base();
        MemorySegment source = in.base();
        long grain = Math.max(1, ElementLoop.GRAIN / Math.max(1, loop.runLength()));
        workers.parallelFor(
                outer.count(),
                grain,
                (worker, from, to) -> outer.forRuns(from, to, (at, first, rows) -> {
                    long toAt = at[0] * size;
                    long fromAt = at[1] * size;
                    if (bytes >= LONG_ROW_BYTES) {
                        for (long row = 0; row < rows; row++) {
                            MemorySegment.copy(source, fromAt + row * fromStep, target, toAt + row * toStep, bytes);
                        }
                    } else if (bytes >= BYTES.length()) {
                        vectorRows(target, toAt, toStep, source, fromAt, fromStep, rows, bytes);
                    } else {
                        shortRows(target, toAt, toStep, source, fromAt, fromStep, rows, bytes);
                    }
                }));
    }

    private static void vectorRows(
            MemorySegment target,
            long toAt,
            long toStep,
            MemorySegment source,
            long fromAt,
            long fromStep,
            long rows,
            long bytes) {
        int width = BYTES.length();
        for (long row = 0; row < rows; row++) {
            long to = toAt + row * toStep;
            long from = fromAt + row * fromStep;
            for (long i = 0; i <= bytes - width; i += width) {
                copyVector(target, to + i, source, from + i);
            }
            // The last vector overlaps the one before it where the row is not a whole number of vectors.
            copyVector(target, to + bytes - width, source, from + bytes - width);
        }
    }

    private static void copyVector(MemorySegment target, long to, MemorySegment source, long from) {
        ByteVector.fromMemorySegment(BYTES, source, from, Lanes.ORDER).intoMemorySegment(target, to, Lanes.ORDER);
    }

    private static void shortRows(
            MemorySegment target,
            long toAt,
            long toStep,
            MemorySegment source,
            long fromAt,
            long fromStep,
            long rows,
            long bytes) {
        for (long row = 0; row < rows; row++) {
            long i = 0;
            for (; i <= bytes - Integer.BYTES; i += Integer.BYTES) {
                int bits = source.get(ValueLayout.JAVA_INT_UNALIGNED, fromAt + row * fromStep + i);
                target.set(ValueLayout.JAVA_INT_UNALIGNED, toAt + row * toStep + i, bits);
            }
            if (i < bytes) {
                short bits = source.get(ValueLayout.JAVA_SHORT, fromAt + row * fromStep + i);
                target.set(ValueLayout.JAVA_SHORT, toAt + row * toStep + i, bits);
            }
        }
    }

    private static void copyElements(StridedLoop loop, Tensor out, Tensor in, Workers workers) {
        boolean words = out.dtype() == DType.F32 && in.dtype() == DType.F32;
        MemorySegment target = out.base();
        MemorySegment source = in.base();
        Cells to = new Cells(out);
        Cells from = new Cells(in);
        long toStep = loop.runStride(0);
        long fromStep = loop.runStride(1);
        workers.parallelFor(
                loop.count(),
                ElementLoop.GRAIN,
                (worker, start, end) -> loop.forRuns(start, end, (at, first, length) -> {
                    if (words) {
                        copyWords(target, at[0], toStep, source, at[1], fromStep, length);
                        return;
                    }
                    for (long i = 0; i < length; i++) {
                        to.set(at[0] + i * toStep, from.get(at[1] + i * fromStep));
                    }
                }));
    }

    private static void copyWords(
            MemorySegment target, long to, long toStep, MemorySegment source, long from, long fromStep, long n) {
        for (long i = 0; i < n; i++) {
            int bits = source.get(ValueLayout.JAVA_INT, 4 * (from + i * fromStep));
            target.set(ValueLayout.JAVA_INT, 4 * (to + i * toStep), bits);
        }
    }
}
