package org.s2d.autograd;

import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Something outside the tape that takes part in it and keeps its own gradient: a parameter. */
public interface Leaf {
    Tensor value();

    /** The value in another type, for mixed precision; cached by the leaf until its value changes. */
    Tensor valueAs(DType type, Device device);

    boolean requiresGrad();

    /** Adds a gradient of the value's shape. */
    void accumulate(Tensor gradient, Device device);
}
