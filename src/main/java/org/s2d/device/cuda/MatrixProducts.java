package org.s2d.device.cuda;

import org.s2d.device.Products.Epilogue;
import org.s2d.tensor.Tensor;

/**
 * What computes matrix products: cuBLAS, or our own kernel where there is none (the emulator, a machine without the library).
 * {@link CudaProducts} has checked shapes and types, the output has elements, and both operands have one type.
 */
interface MatrixProducts extends AutoCloseable {
    /** As {@link org.s2d.device.Products#matmul}; any strides, any batch that broadcasts, any inner dimension, 0 included. */
    void multiply(Tensor out, Tensor a, Tensor b, Epilogue epilogue);

    @Override
    void close();
}
