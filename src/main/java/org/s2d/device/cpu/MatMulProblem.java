package org.s2d.device.cpu;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Products.Activation;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/**
 * A product without its addresses: everything that decides which code runs. Residual and output have the same strides.
 *
 * @param batch number of products; operands with batch stride 0 repeat
 * @param bias element type of the bias, null without one
 * @param residual element type of the residual, null without one
 * @param packed whether there is a packed copy of the right operand
 */
record MatMulProblem(
        long batch,
        long m,
        long n,
        long k,
        Layout a,
        Layout b,
        Layout out,
        @Nullable DType bias,
        Activation activation,
        @Nullable DType residual,
        boolean accumulate,
        boolean packed) {

    /** Rows for which a packed copy is made; products of any number of rows then read it. */
    static final long PACKING_ROWS = 1024;

    /** A product of many rows by this right operand and nothing else, which decides how oneDNN packs it. */
    static MatMulProblem packing(long n, long k, Layout b) {
        Layout a = new Layout(b.dtype, 0, k, 1);
        Layout out = new Layout(b.dtype, 0, n, 1);
        return new MatMulProblem(1, PACKING_ROWS, n, k, a, b, out, null, Activation.NONE, null, false, true);
    }

    /** Strides in elements. Size-one dimensions have the strides of a matrix without gaps. */
    record Layout(DType dtype, long batchStride, long rowStride, long columnStride) {
        /** The last two dimensions of a tensor of rank 2 or 3 as matrices, the first of rank 3 as batch. */
        static Layout of(Tensor tensor) {
            long rows = tensor.dim(-2);
            long columns = tensor.dim(-1);
            long batchStride = tensor.rank() == 2 || tensor.dim(0) == 1 ? 0 : tensor.stride(0);
            long rowStride = tensor.stride(-2);
            long columnStride = tensor.stride(-1);
            if (columns == 1) {
                columnStride = 1;
                rowStride = rows == 1 ? 1 : rowStride;
            } else if (rows == 1) {
                rowStride = columnStride == 1 ? columns : 1;
            }
            return new Layout(tensor.dtype(), batchStride, rowStride, columnStride);
        }

        boolean isRowMajor(long columns) {
            return columnStride == 1 && rowStride >= columns;
        }

        /** True when oneDNN takes it as it is: rows or columns without gaps that do not overlap. */
        boolean isMatrix(long rows, long columns) {
            return isRowMajor(columns) || (rowStride == 1 && columnStride >= rows);
        }

        /** Elements from the first to the one at the given position. */
        long offset(long batch, long row, long column) {
            return batch * batchStride + row * rowStride + column * columnStride;
        }

        /** Element distance as bytes. */
        long bytes(long elements) {
            return elements * dtype.bytes();
        }
    }

    /** The same product as one larger matrix, when the right operand is shared and the rows of all batches are evenly spaced. */
    MatMulProblem collapsed() {
        boolean even = batch > 1
                && b.batchStride == 0
                && a.batchStride == m * a.rowStride
                && out.batchStride == m * out.rowStride
                && a.columnStride == 1;
        return !even
                ? this
                : new MatMulProblem(
                        1,
                        Math.multiplyExact(batch, m),
                        n,
                        k,
                        new Layout(a.dtype, 0, a.rowStride, 1),
                        b,
                        new Layout(out.dtype, 0, out.rowStride, 1),
                        bias,
                        activation,
                        residual,
                        accumulate,
                        packed);
    }

    double flops() {
        return 2.0 * batch * m * n * k;
    }

    @Override
    public String toString() {
        return (batch == 1 ? "" : batch + " x ") + a.dtype + "(" + m + ", " + k + ") @ " + b.dtype + "(" + k + ", " + n
                + ") to " + out.dtype + ", strides " + strides(a) + ", " + strides(b) + ", " + strides(out)
                + (bias == null ? "" : ", bias " + bias) + (activation == Activation.NONE ? "" : ", " + activation)
                + (residual == null ? "" : ", residual " + residual) + (accumulate ? ", accumulated" : "")
                + (packed ? ", packed" : "");
    }

    private static String strides(Layout layout) {
        return "(" + layout.batchStride + ", " + layout.rowStride + ", " + layout.columnStride + ")";
    }
}
