package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.Tensor;

/** Runs a vector kernel over all elements of strided views, shared among the workers. */
final class ElementLoop {
    /** Fewer elements are not worth waking a worker. */
    static final int GRAIN = 16384;

    /** Elements staged at once: three operands of F32 take a third of a first-level cache. */
    private static final int CHUNK = 1024;

    private final Workers workers;
    private final Scratch scratch;

    ElementLoop(Workers workers, Scratch scratch) {
        this.workers = workers;
        this.scratch = scratch;
    }

    /**
     * {@code n} elements of each operand, whole vectors, all F32 without gaps, at byte offsets. A kernel is one loop around one
     * expression and ends in {@code intoMemorySegment} itself: the compiler inlines the Vector API's methods always, but ours only
     * while the method is small, and one that it leaves out makes vectors into objects.
     */
    @FunctionalInterface
    interface Kernel1 {
        void run(MemorySegment out, long outAt, MemorySegment in, long inAt, int n);
    }

    /** The same with two operands. */
    @FunctionalInterface
    interface Kernel2 {
        void run(MemorySegment out, long outAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n);
    }

    /** All of one shape. */
    void map(Kernel1 kernel, Tensor out, Tensor in) {
        StridedLoop loop = StridedLoop.over(out.shape(), out, in);
        int longest = (int) Math.min(CHUNK, loop.runLength());
        workers.parallelFor(loop.count(), GRAIN, (worker, from, to) -> {
            Rows result = new Rows(out, loop.runStride(0), scratch, worker, 0, longest);
            Rows operand = new Rows(in, loop.runStride(1), scratch, worker, 1, longest);
            Rest rest = new Rest(scratch.get(worker, 3, Rest.BYTES));
            loop.forRuns(from, to, (at, first, length) -> {
                for (long done = 0; done < length; done += CHUNK) {
                    int n = (int) Math.min(CHUNK, length - done);
                    operand.read(at[1] + done * loop.runStride(1), n);
                    result.locate(at[0] + done * loop.runStride(0));
                    int whole = n - n % Lanes.WIDTH;
                    kernel.run(result.segment, result.at, operand.segment, operand.at, whole);
                    if (whole < n) {
                        rest.load(1, operand, whole, n);
                        kernel.run(rest.segment, 0, rest.segment, rest.at(1), Lanes.WIDTH);
                        rest.store(result, whole, n);
                    }
                    result.write(n);
                }
            });
        });
    }

    /** All of one shape; {@code out} may be {@code a}. */
    void combine(Kernel2 kernel, Tensor out, Tensor a, Tensor b) {
        StridedLoop loop = StridedLoop.over(out.shape(), out, a, b);
        int longest = (int) Math.min(CHUNK, loop.runLength());
        workers.parallelFor(loop.count(), GRAIN, (worker, from, to) -> {
            Rows result = new Rows(out, loop.runStride(0), scratch, worker, 0, longest);
            Rows first = new Rows(a, loop.runStride(1), scratch, worker, 1, longest);
            Rows second = new Rows(b, loop.runStride(2), scratch, worker, 2, longest);
            Rest rest = new Rest(scratch.get(worker, 3, Rest.BYTES));
            loop.forRuns(from, to, (at, number, length) -> {
                for (long done = 0; done < length; done += CHUNK) {
                    int n = (int) Math.min(CHUNK, length - done);
                    first.read(at[1] + done * loop.runStride(1), n);
                    second.read(at[2] + done * loop.runStride(2), n);
                    result.locate(at[0] + done * loop.runStride(0));
                    int whole = n - n % Lanes.WIDTH;
                    kernel.run(result.segment, result.at, first.segment, first.at, second.segment, second.at, whole);
                    if (whole < n) {
                        rest.load(1, first, whole, n);
                        rest.load(2, second, whole, n);
                        kernel.run(rest.segment, 0, rest.segment, rest.at(1), rest.segment, rest.at(2), Lanes.WIDTH);
                        rest.store(result, whole, n);
                    }
                    result.write(n);
                }
            });
        });
    }

    /** The last few elements, less than a vector, moved to where a whole vector may be read and written. */
    private record Rest(MemorySegment segment) {
        static final long BYTES = 3 * 4L * Lanes.WIDTH;

        long at(int operand) {
            return operand * 4L * Lanes.WIDTH;
        }

        void load(int operand, Rows from, int begin, int end) {
            MemorySegment.copy(from.segment, from.at + 4L * begin, segment, at(operand), 4L * (end - begin));
        }

        void store(Rows to, int begin, int end) {
            MemorySegment.copy(segment, 0, to.segment, to.at + 4L * begin, 4L * (end - begin));
        }
    }
}
