package org.s2d.autograd;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** A tensor that operations produce and consume, with what the tape needs to know of it. */
public final class Var {
    private final Tensor value;
    private final boolean requiresGrad;
    private final @Nullable Leaf leaf;
    private final @Nullable Supplier<Tensor> again;
    private @Nullable Tensor copy;
    private @Nullable Tensor grad;
    private boolean ownsGrad;

    Var(Tensor value, boolean requiresGrad, @Nullable Leaf leaf) {
        this(value, requiresGrad, leaf, null);
    }

    Var(Tensor value, boolean requiresGrad, @Nullable Leaf leaf, @Nullable Supplier<Tensor> again) {
        this.value = value;
        this.requiresGrad = requiresGrad;
        this.leaf = leaf;
        this.again = again;
    }

    public Tensor value() {
        return value;
    }

    public Shape shape() {
        return value.shape();
    }

    public int dim(int index) {
        return value.dim(index);
    }

    /** True when a gradient is wanted by this variable or by something it was computed from. */
    public boolean requiresGrad() {
        return requiresGrad;
    }

    /** The leaf this variable stands for; null for inputs and results of operations. */
    public @Nullable Leaf leaf() {
        return leaf;
    }

    /** Computes the value again in the backward pass; null where it takes too long. See {@link Tape#reading}. */
    @Nullable
    Supplier<Tensor> again() {
        return again;
    }

    /** The value computed again, until the rule of its operation has run. */
    @Nullable
    Tensor copy() {
        return copy;
    }

    void setCopy(@Nullable Tensor computed) {
        copy = computed;
    }

    /** After {@link Tape#backward}: the gradient of an input; null when nothing depended on it. */
    public @Nullable Tensor grad() {
        return grad;
    }

    boolean ownsGrad() {
        return ownsGrad;
    }

    void setGrad(@Nullable Tensor gradient, boolean owned) {
        grad = gradient;
        ownsGrad = owned;
    }
}
