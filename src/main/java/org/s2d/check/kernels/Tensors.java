package org.s2d.check.kernels;

import java.util.Map;
import org.s2d.tensor.Tensor;

/** The operands of a case by their names. */
record Tensors(Map<String, Tensor> byName) {
    Tensor get(String name) {
        Tensor tensor = byName.get(name);
        if (tensor == null) {
            throw new IllegalArgumentException("no operand " + name + " among " + byName.keySet());
        }
        return tensor;
    }
}
