package org.s2d.device.cuda;

import java.util.stream.IntStream;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Views visited together, as {@code struct Loop} of {@code kernels/elementwise.cu} describes them: merged dimensions, strides
 * and types of each operand, and how many elements a thread may take at once.
 */
final class CudaLoop {
    static final int PACK = 8;

    private static final int PACK_ALIGNMENT = 16;
    private static final int MAX_DIMS = 8;
    private static final int MAX_OPERANDS = 4;

    // Places in the structure, in bytes.
    private static final int COUNT = 0;
    private static final int DIMS = 8;
    private static final int PACKED = 12;
    private static final int TYPES = 16;
    private static final int SIZES = 32;
    private static final int STRIDES = SIZES + 8 * MAX_DIMS;
    private static final int BYTES = STRIDES + MAX_OPERANDS * 8 * MAX_DIMS;

    private final StridedLoop loop;
    private final Tensor[] tensors;
    private final int pack;

    private CudaLoop(StridedLoop loop, Tensor... tensors) {
        if (loop.rank() > MAX_DIMS) {
            throw new ShapeException("cuda: views with " + loop.rank() + " dimensions that do not merge; at most "
                    + MAX_DIMS + ". Copy one of them to a contiguous tensor first.");
        }
        this.loop = loop;
        this.tensors = tensors;
        pack = fitsPacks() ? PACK : 1;
    }

    /** Over every element; the first tensor is the result, and all have its shape. */
    static CudaLoop over(Tensor... tensors) {
        return new CudaLoop(StridedLoop.over(tensors[0].shape(), tensors), tensors);
    }

    /** Over the rows along the last dimension, which has stride 1 in all tensors. */
    static CudaLoop rows(Tensor... tensors) {
        return new CudaLoop(StridedLoop.rows(tensors[0].shape(), tensors), tensors);
    }

    /** Whether every row begins at a multiple of 16 bytes in every operand. */
    boolean rowsAreAligned() {
        return IntStream.range(0, tensors.length).allMatch(k -> isAligned(k, loop.rank()));
    }

    long count() {
        return loop.count();
    }

    /** Work items of a launch. */
    long packs() {
        return Math.ceilDiv(loop.count(), (long) pack);
    }

    /** Stride of an operand along the innermost dimension. */
    long innerStride(int operand) {
        return loop.runStride(operand);
    }

    /** Every pack must be 16-byte aligned in every operand that varies along a run. */
    private boolean fitsPacks() {
        if (loop.rank() > 1 && loop.runLength() % PACK != 0) {
            return false;
        }
        boolean fits = loop.runStride(0) == 1;
        for (int k = 0; k < tensors.length; k++) {
            boolean constant = k > 0 && loop.runStride(k) == 0;
            fits &= constant || (loop.runStride(k) == 1 && isAligned(k, loop.rank() - 1));
        }
        return fits;
    }

    private boolean isAligned(int operand, int dims) {
        int size = tensors[operand].dtype().bytes();
        boolean aligned = size <= 4 && tensors[operand].address() % PACK_ALIGNMENT == 0;
        for (int dim = 0; dim < dims; dim++) {
            aligned &= loop.stride(dim, operand) * size % PACK_ALIGNMENT == 0;
        }
        return aligned;
    }

    /** Passes the structure by value. */
    Arguments addTo(Arguments arguments) {
        int at = arguments.structure(BYTES);
        arguments.setLong(at + COUNT, loop.count());
        arguments.setInt(at + DIMS, loop.rank());
        arguments.setInt(at + PACKED, pack);
        for (int k = 0; k < tensors.length; k++) {
            arguments.setInt(at + TYPES + 4 * k, CudaContext.typeCode(tensors[k].dtype()));
        }
        for (int dim = 0; dim < loop.rank(); dim++) {
            arguments.setLong(at + SIZES + 8 * dim, loop.size(dim));
            for (int k = 0; k < tensors.length; k++) {
                arguments.setLong(at + STRIDES + 8 * (k * MAX_DIMS + dim), loop.stride(dim, k));
            }
        }
        return arguments;
    }
}
