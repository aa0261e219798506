package org.s2d.autograd;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Something outside the tape that takes part in it and keeps its own gradient: a parameter. */
public interface Leaf {
    Tensor value();

    /** The value in another type, for mixed precision; cached by the leaf until its value changes. */
    Tensor valueAs(DType type, Device device);

    /**
     * The value in {@code type}, as a matrix [N, K], packed as the right operand [K, N] of products; null where this leaf has no such copy. See
     * {@link org.s2d.device.Products#pack}.
     */
    default @Nullable Tensor packed(DType type, Device device) {
        return null;
    }

    boolean requiresGrad();

    /** Adds a gradient of the value's shape. */
    void accumulate(Tensor gradient, Device device);
}
