package org.s2d.nn;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Products;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/**
 * A weight packed for products. Made when the same version is used a second time: packing takes about as long as a product saves,
 * so that a single pass would gain nothing from it.
 */
final class PackedCopy {
    private final Scope scope;
    private @Nullable DType type;
    private long version;
    private @Nullable Tensor copy;

    /** @param scope where the copy lives */
    PackedCopy(Scope scope) {
        this.scope = scope;
    }

    /** The weight [N, K] as right operand [K, N]; null at the first use of a version, and on devices that do not pack. */
    @Nullable
    Tensor of(Tensor weight, long weightVersion, Products products) {
        if (weight.dtype() != type || weightVersion != version) {
            type = weight.dtype();
            version = weightVersion;
            release();
        } else if (copy == null) {
            copy = products.pack(scope, weight.transpose(0, 1));
        }
        return copy;
    }

    private void release() {
        if (copy != null) {
            scope.release(copy);
            copy = null;
        }
    }
}
