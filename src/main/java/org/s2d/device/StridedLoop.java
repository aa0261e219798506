package org.s2d.device;

import java.util.Arrays;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * The elements of several views visited together in row-major order. Dimensions that lie one after the other in every view
 * are merged, so that contiguous tensors are one long run. Positions count elements from each view's first one.
 */
public final class StridedLoop {
    private final long[] sizes;
    /** Per dimension, the stride of each operand. */
    private final long[][] strides;

    private final int operands;
    private final long count;

    /** {@code given}: strides of each operand over the first {@code dims} dimensions of the shape. */
    private StridedLoop(int dims, Shape shape, long[]... given) {
        operands = given.length;
        long[] merged = new long[dims];
        long[][] steps = new long[dims][];
        int used = 0;
        long total = 1;
        for (int dim = 0; dim < dims; dim++) {
            int size = shape.dim(dim);
            total *= size;
            if (size == 1) {
                continue;
            }
            long[] step = new long[operands];
            for (int i = 0; i < operands; i++) {
                step[i] = given[i][dim];
            }
            if (used > 0 && follows(steps[used - 1], step, size)) {
                merged[used - 1] *= size;
                steps[used - 1] = step;
            } else {
                merged[used] = size;
                steps[used++] = step;
            }
        }
        if (used == 0) {
            merged = new long[] {1};
            steps = new long[][] {new long[operands]};
            used = 1;
        }
        sizes = Arrays.copyOf(merged, used);
        strides = Arrays.copyOf(steps, used);
        count = total;
    }

    private StridedLoop(long[] sizes, long[][] strides, int operands) {
        this.sizes = sizes.length == 0 ? new long[] {1} : sizes;
        this.strides = sizes.length == 0 ? new long[][] {new long[operands]} : strides;
        this.operands = operands;
        count = Arrays.stream(this.sizes).reduce(1, (a, b) -> a * b);
    }

    private static boolean follows(long[] outer, long[] inner, long size) {
        for (int i = 0; i < outer.length; i++) {
            if (outer[i] != inner[i] * size) {
                return false;
            }
        }
        return true;
    }

    /** Over every element; the tensors must all have this shape. */
    public static StridedLoop over(Shape shape, Tensor... tensors) {
        return new StridedLoop(shape.rank(), shape, strides(tensors));
    }

    /** Over the rows along the last dimension: positions are those of each row's first element. */
    public static StridedLoop rows(Shape shape, Tensor... tensors) {
        return new StridedLoop(shape.rank() - 1, shape, strides(tensors));
    }

    /** Over every element of operands given by their strides. */
    public static StridedLoop over(Shape shape, long[]... strides) {
        return new StridedLoop(shape.rank(), shape, strides);
    }

    public static long[] strides(Tensor tensor) {
        long[] strides = new long[tensor.rank()];
        Arrays.setAll(strides, tensor::stride);
        return strides;
    }

    private static long[][] strides(Tensor... tensors) {
        return Arrays.stream(tensors).map(StridedLoop::strides).toArray(long[][]::new);
    }

    /** The same loop with one merged dimension left out: it stays at its first index. */
    public StridedLoop without(int dim) {
        long[] fewer = new long[sizes.length - 1];
        long[][] steps = new long[fewer.length][];
        for (int i = 0, j = 0; i < sizes.length; i++) {
            if (i != dim) {
                fewer[j] = sizes[i];
                steps[j++] = strides[i];
            }
        }
        return new StridedLoop(fewer, steps, operands);
    }

    /** The innermost merged dimension in which an operand has stride 1; -1 where there is none. */
    public int unitDim(int operand) {
        for (int dim = sizes.length - 1; dim >= 0; dim--) {
            if (strides[dim][operand] == 1) {
                return dim;
            }
        }
        return -1;
    }

    public long count() {
        return count;
    }

    /** Length of the innermost merged dimension. */
    public long runLength() {
        return sizes[sizes.length - 1];
    }

    /** Stride of an operand within a run. */
    public long runStride(int operand) {
        return strides[strides.length - 1][operand];
    }

    public int rank() {
        return sizes.length;
    }

    public long size(int dim) {
        return sizes[dim];
    }

    public long stride(int dim, int operand) {
        return strides[dim][operand];
    }

    @FunctionalInterface
    public interface Visitor {
        /** {@code at} holds each operand's position and is overwritten after the call. */
        void visit(long[] at);
    }

    @FunctionalInterface
    public interface RunVisitor {
        /** {@code length} elements from element number {@code first}; {@code at} is overwritten after the call. */
        void visit(long[] at, long first, long length);
    }

    /** Every element in order. */
    public void forEach(Visitor visitor) {
        long[] at = new long[operands];
        long[] steps = strides[strides.length - 1];
        forRuns(0, count, (start, first, length) -> {
            System.arraycopy(start, 0, at, 0, operands);
            for (long i = 0; i < length; i++) {
                visitor.visit(at);
                for (int k = 0; k < operands; k++) {
                    at[k] += steps[k];
                }
            }
        });
    }

    /** The elements {@code from} to {@code to - 1} as pieces of runs, in order. */
    public void forRuns(long from, long to, RunVisitor visitor) {
        if (from >= to) {
            return;
        }
        int last = sizes.length - 1;
        long[] index = new long[sizes.length];
        long[] at = new long[operands];
        seek(from, index, at);
        long position = from;
        while (true) {
            long length = Math.min(to - position, sizes[last] - index[last]);
            visitor.visit(at, position, length);
            position += length;
            if (position >= to) {
                return;
            }
            shift(at, last, -index[last]);
            index[last] = 0;
            advance(last - 1, index, at);
        }
    }

    private void seek(long element, long[] index, long[] at) {
        long rest = element;
        for (int dim = sizes.length - 1; dim >= 0; dim--) {
            index[dim] = rest % sizes[dim];
            rest /= sizes[dim];
            shift(at, dim, index[dim]);
        }
    }

    private void advance(int from, long[] index, long[] at) {
        for (int dim = from; dim >= 0; dim--) {
            shift(at, dim, 1);
            if (++index[dim] < sizes[dim]) {
                return;
            }
            shift(at, dim, -index[dim]);
            index[dim] = 0;
        }
    }

    private void shift(long[] at, int dim, long by) {
        long[] steps = strides[dim];
        for (int k = 0; k < operands; k++) {
            at[k] += by * steps[k];
        }
    }
}
