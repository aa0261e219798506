package org.s2d.device.cpu;

import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Sums over the dimensions in which a smaller shape is 1 or missing. */
final class SumKernel {
    private SumKernel() {}

    static void check(Tensor out, Tensor in) {
        Checks.floating("sumTo", out, in);
        Checks.requireBroadcast("sumTo", out.shape(), in.shape());
    }

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
}
