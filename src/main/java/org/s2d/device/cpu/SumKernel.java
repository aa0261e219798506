package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.s2d.device.Checks;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Sums over the dimensions in which a smaller shape is 1 or missing. */
final class SumKernel {
    /** Columns are cut at whole cache lines. */
    private static final int SPLIT = 16;

    private static final int CHUNK = 1024;

    private SumKernel() {}

    static void check(Tensor out, Tensor in) {
        Checks.floating("sumTo", out, in);
        Checks.requireBroadcast("sumTo", out.shape(), in.shape());
    }

    // Scalar reference

    static void reference(Tensor out, Tensor in) {
        check(out, in);
        // Sums in an array of their own, so that a narrow output type rounds once.
        double[] sums = new double[Math.toIntExact(out.numel())];
        Cells to = new Cells(out);
        Cells from = new Cells(in);
        long[] target = new long[1];
        long[] steps = targetSteps(out.shape(), in.shape());
        long[] index = new long[in.rank()];
        StridedLoop.over(in.shape(), in).forEach(at -> {
            sums[(int) target[0]] += from.get(at[0]);
            target[0] += advance(index, in.shape(), steps);
        });
        int[] position = new int[1];
        StridedLoop.over(out.shape(), out).forEach(at -> to.set(at[0], sums[position[0]++]));
    }

    /** For each dimension of the input, how far one step moves in the row-major output. */
    private static long[] targetSteps(Shape out, Shape in) {
        long[] strides = out.contiguousStrides();
        long[] steps = new long[in.rank()];
        int lead = in.rank() - out.rank();
        for (int i = 0; i < out.rank(); i++) {
            steps[lead + i] = out.dim(i) == 1 ? 0 : strides[i];
        }
        return steps;
    }

    private static long advance(long[] index, Shape shape, long[] steps) {
        long moved = 0;
        for (int dim = index.length - 1; dim >= 0; dim--) {
            moved += steps[dim];
            if (++index[dim] < shape.dim(dim)) {
                return moved;
            }
            moved -= index[dim] * steps[dim];
            index[dim] = 0;
        }
        return moved;
    }

    // Vector version. Sums are kept in double: the conversion is cheaper than waiting for memory.

    static void sumTo(Tensor out, Tensor in, Workers workers, Scratch scratch, OneDnnReorder reorder) {
        check(out, in);
        Checks.singlePrecision("sumTo", out, in);
        int[] dims = new int[in.rank()];
        Arrays.fill(dims, 1);
        for (int i = 1; i <= out.rank(); i++) {
            dims[dims.length - i] = out.dim(-i);
        }
        Tensor kept = out.expand(Shape.of(dims));
        if (kept.shape().equals(in.shape())) {
            CopyKernel.copy(kept, in, workers, scratch, reorder);
            return;
        }
        int split = largest(kept);
        if (split >= 0) {
            long perIndex = Math.max(1, in.numel() / Math.max(1, kept.dim(split)));
            long grain = Math.max(SPLIT, ElementLoop.GRAIN / perIndex);
            workers.parallelFor(kept.dim(split), grain, (worker, from, to) -> {
                int start = (int) from;
                int length = (int) (to - from);
                part(kept.narrow(split, start, length), in.narrow(split, start, length), scratch, worker);
            });
        } else {
            total(kept, in, workers, scratch);
        }
    }

    private static int largest(Tensor kept) {
        int best = -1;
        for (int dim = 0; dim < kept.rank(); dim++) {
            if (kept.dim(dim) != 1 && (best < 0 || kept.dim(dim) > kept.dim(best))) {
                best = dim;
            }
        }
        return best;
    }

    /** The sum of everything, in pieces that depend on the shape alone. */
    private static void total(Tensor out, Tensor in, Workers workers, Scratch scratch) {
        StridedLoop loop = StridedLoop.over(in.shape(), in);
        int pieces = Math.toIntExact(Math.ceilDiv(loop.count(), (long) ElementLoop.GRAIN));
        double[] sums = new double[pieces];
        workers.parallelFor(pieces, 1, (worker, first, last) -> {
            Rows row = new Rows(in, loop.runStride(0), scratch, worker, 0, CHUNK);
            for (long piece = first; piece < last; piece++) {
                int slot = (int) piece;
                long end = Math.min(loop.count(), (piece + 1) * ElementLoop.GRAIN);
                loop.forRuns(
                        piece * ElementLoop.GRAIN,
                        end,
                        (at, number, length) -> sums[slot] += sumRun(row, at[0], loop.runStride(0), length));
            }
        });
        double sum = 0;
        for (double piece : sums) {
            sum += piece;
        }
        new Cells(out).set(0, sum);
    }

    private static double sumRun(Rows row, long at, long stride, long length) {
        double sum = 0;
        for (long done = 0; done < length; done += CHUNK) {
            int n = (int) Math.min(CHUNK, length - done);
            row.read(at + done * stride, n);
            sum += sum(row.segment, row.at, n);
        }
        return sum;
    }

    private static double sum(MemorySegment in, long at, int n) {
        DoubleVector low = DoubleVector.zero(Lanes.D);
        DoubleVector high = DoubleVector.zero(Lanes.D);
        int i = 0;
        for (; i <= n - Lanes.WIDTH; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(in, at + 4L * i);
            low = low.add(Lanes.low(x));
            high = high.add(Lanes.high(x));
        }
        double sum = low.add(high).reduceLanes(VectorOperators.ADD);
        for (; i < n; i++) {
            sum += in.get(ValueLayout.JAVA_FLOAT, at + 4L * i);
        }
        return sum;
    }

    /** All of one worker's share, whose outputs fit a buffer of doubles. */
    private static void part(Tensor out, Tensor in, Scratch scratch, int worker) {
        int size = Math.toIntExact(out.numel());
        MemorySegment sums = scratch.get(worker, 1, 8L * size);
        sums.asSlice(0, 8L * size).fill((byte) 0);
        StridedLoop loop = StridedLoop.over(in.shape(), StridedLoop.strides(in), targetSteps(out.shape(), in.shape()));
        long inStep = loop.runStride(0);
        long outStep = loop.runStride(1);
        int chunk = (int) Math.min(CHUNK, loop.runLength());
        Rows row = new Rows(in, inStep, scratch, worker, 0, chunk);
        loop.forRuns(0, loop.count(), (at, first, length) -> {
            if (outStep == 0) {
                long place = 8 * at[1];
                double before = sums.get(ValueLayout.JAVA_DOUBLE, place);
                sums.set(ValueLayout.JAVA_DOUBLE, place, before + sumRun(row, at[0], inStep, length));
                return;
            }
            for (long done = 0; done < length; done += chunk) {
                int n = (int) Math.min(chunk, length - done);
                row.read(at[0] + done * inStep, n);
                add(sums, at[1] + done * outStep, outStep, row.segment, row.at, n);
            }
        });
        Cells cells = new Cells(out);
        long[] number = new long[1];
        StridedLoop.over(out.shape(), out)
                .forEach(at -> cells.set(at[0], sums.get(ValueLayout.JAVA_DOUBLE, 8 * number[0]++)));
    }

    /** {@code sums[at + i * step] += in[i]}, sums in double. */
    static void add(MemorySegment sums, long at, long step, MemorySegment in, long inAt, int n) {
        int i = 0;
        for (; step == 1 && i <= n - Lanes.WIDTH; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(in, inAt + 4L * i);
            long place = 8 * (at + i);
            addTo(sums, place, Lanes.low(x));
            addTo(sums, place + 8L * Lanes.D.length(), Lanes.high(x));
        }
        for (; i < n; i++) {
            long place = 8 * (at + i * step);
            double value = in.get(ValueLayout.JAVA_FLOAT, inAt + 4L * i);
            sums.set(ValueLayout.JAVA_DOUBLE, place, sums.get(ValueLayout.JAVA_DOUBLE, place) + value);
        }
    }

    private static void addTo(MemorySegment sums, long place, DoubleVector added) {
        DoubleVector.fromMemorySegment(Lanes.D, sums, place, Lanes.ORDER)
                .add(added)
                .intoMemorySegment(sums, place, Lanes.ORDER);
    }
}
