package org.s2d.device.cuda;

import jcuda.cudaDataType;
import jcuda.jcublas.cublasOperation;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Tensor;

/**
 * The last two dimensions of a tensor as cuBLAS sees them, columns first: a row-major matrix is its transpose there.
 *
 * @param distance from one column to the next, in elements
 * @param operation CUBLAS_OP_T when it lies the other way round
 */
record Columns(int distance, int operation) {
    /** Null when cuBLAS cannot read the matrices in place: no unit stride, or rows that overlap. */
    static @Nullable Columns of(Tensor tensor) {
        int rows = tensor.dim(-2);
        int columns = tensor.dim(-1);
        long down = rows == 1 ? Math.max(1, columns) : tensor.stride(-2);
        long across = columns == 1 ? 1 : tensor.stride(-1);
        if (across == 1 && down >= columns && down <= Integer.MAX_VALUE) {
            return new Columns((int) down, cublasOperation.CUBLAS_OP_N);
        }
        down = rows == 1 ? 1 : tensor.stride(-2);
        across = columns == 1 ? Math.max(1, rows) : tensor.stride(-1);
        return down == 1 && across >= rows && across <= Integer.MAX_VALUE
                ? new Columns((int) across, cublasOperation.CUBLAS_OP_T)
                : null;
    }

    boolean isTransposed() {
        return operation == cublasOperation.CUBLAS_OP_T;
    }

    /** Elements from one matrix of a batch to the next; 0 repeats one. */
    static long batchStride(Tensor tensor) {
        return tensor.rank() == 2 || tensor.dim(0) == 1 ? 0 : tensor.stride(0);
    }

    /** CUDA's number of the element type. */
    static int type(Tensor tensor) {
        return switch (tensor.dtype()) {
            case F32 -> cudaDataType.CUDA_R_32F;
            case BF16 -> cudaDataType.CUDA_R_16BF;
            case F16 -> cudaDataType.CUDA_R_16F;
            case F64, I64, U8 -> throw new IllegalArgumentException("no product of " + tensor.dtype());
        };
    }
}
