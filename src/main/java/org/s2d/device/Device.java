package org.s2d.device;

import org.s2d.tensor.Allocator;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/**
 * A backend: memory and kernels. Kernels write into tensors the caller allocated (destination first), check shapes,
 * element types and sizes before they touch memory, and never allocate per call once warm. Unless a kernel says
 * otherwise, its tensors are contiguous and each may have its own floating type; arithmetic is in F32 (F64 on the
 * reference device).
 */
public interface Device extends AutoCloseable {
    /** Name as on the command line: {@code cpu}, {@code reference}. */
    String name();

    /** Type of master weights and of everything not explicitly in a compute type: F32, or F64 on the reference device. */
    DType floatType();

    Allocator allocator();

    /** Host memory for what will be uploaded; any thread may use it. */
    Allocator hostAllocator();

    Elementwise elementwise();

    Products products();

    Normalization normalization();

    AttentionKernels attention();

    Convolutions convolutions();

    TokenKernels tokens();

    Frames frames();

    Losses losses();

    Optimizers optimizers();

    /**
     * Work that will be done again and again, which a device may record and repeat as a whole. Each time it must enqueue the same kernels on
     * the same memory: their numbers depend on nothing but what lies there. It leaves no new tensor alive after its first run, uploads and
     * downloads nothing, and what it changes on the host happens only in some of its runs.
     */
    Repeated repeated(Runnable work);

    /** Copies a host tensor to this device; same shape, types may differ. */
    void upload(Tensor out, Tensor host);

    /**
     * Whether the backward pass computes results again that take one pass over memory, such as layer norms, or products of few terms, instead of
     * keeping them: where wide products take nearly all of the time.
     */
    boolean computesAgain();

    /** Whether {@link #uploadAhead} copies while this device computes; elsewhere there is nothing to be gained by it. */
    default boolean uploadsAhead() {
        return false;
    }

    /**
     * Copies a host tensor of the same shape and type beside all work that the host has not waited for yet, which must not use {@code out};
     * what is called afterwards finds it there. Both tensors are contiguous; the host's has been read when this returns.
     */
    default void uploadAhead(Tensor out, Tensor host) {
        upload(out, host);
    }

    /** Writes values in row-major order to a tensor of this device, rounding to its type. */
    void upload(Tensor out, float... values);

    /** Copies a tensor of this device to the host; same shape, types may differ. */
    void download(Tensor host, Tensor in);

    @Override
    void close();
}
