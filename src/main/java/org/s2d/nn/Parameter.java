package org.s2d.nn;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Leaf;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * A named weight: its value in the device's float type, its gradient, and copies in compute types that follow it. All live
 * in the scope of the model.
 */
public final class Parameter implements Leaf {
    private final String name;
    private final Scope scope;
    private final Tensor value;
    private final Map<DType, Tensor> copies = new EnumMap<>(DType.class);
    private final Map<DType, Long> copyVersions = new EnumMap<>(DType.class);
    private @Nullable ParameterStack stack;
    private @Nullable Tensor gradient;
    private boolean hasGrad;
    private boolean requiresGrad = true;
    private long version;
    private @Nullable PackedCopy packed;

    Parameter(String name, Scope scope, Tensor value) {
        this.name = name;
        this.scope = scope;
        this.value = value;
    }

    /** To be called by the stack that this parameter's value is a part of. */
    void setStack(ParameterStack whole) {
        stack = whole;
    }

    /** Grows with every change. */
    long version() {
        return version;
    }

    /** Full name as in the state dict: {@code blocks.3.mlp.fc1.weight}. */
    public String name() {
        return name;
    }

    @Override
    public Tensor value() {
        return value;
    }

    public Shape shape() {
        return value.shape();
    }

    @Override
    public boolean requiresGrad() {
        return requiresGrad;
    }

    /** Whether this parameter trains. A frozen one gets no gradient and causes no work in the backward pass. */
    public void setRequiresGrad(boolean requires) {
        requiresGrad = requires;
    }

    /** To be called by whoever writes to {@link #value}, so that copies in other types are renewed. */
    public void changed() {
        version++;
    }

    @Override
    public Tensor valueAs(DType type, Device device) {
        if (type == value.dtype()) {
            return value;
        }
        Tensor copy = copies.computeIfAbsent(type, wanted -> scope.allocate(wanted, value.shape()));
        if (copyVersions.getOrDefault(type, -1L) != version) {
            device.elementwise().copy(copy, value);
            copyVersions.put(type, version);
        }
        return copy;
    }

    /**
     * Lets products keep a packed copy of this weight, from its second use on. For weights that are used much more often than they change,
     * where speed is worth as much memory again.
     */
    public void keepPacked() {
        packed = new PackedCopy(scope);
    }

    @Override
    public @Nullable Tensor packed(DType type, Device device) {
        if (packed == null) {
            return null;
        }
        Tensor matrix = valueAs(type, device).reshape(value.dim(0), Math.toIntExact(value.numel() / value.dim(0)));
        return packed.of(matrix, version, device.products());
    }

    /** Renews the copies that there are in other types, so that work which is repeated without asking for them finds them right. */
    public void refresh(Device device) {
        List.copyOf(copies.keySet()).forEach(type -> valueAs(type, device));
        if (stack != null) {
            stack.refresh(device);
        }
    }

    /** The gradient accumulated since {@link #zeroGrad}; null when there was none. */
    public @Nullable Tensor grad() {
        return hasGrad ? gradient : null;
    }

    public void zeroGrad() {
        hasGrad = false;
    }

    @Override
    public void accumulate(Tensor added, Device device) {
        Tensor sum = gradient;
        if (sum == null) {
            sum = scope.allocate(value.dtype(), value.shape());
            gradient = sum;
        }
        if (hasGrad) {
            device.elementwise().addScaled(sum, added, 1);
        } else {
            device.elementwise().copy(sum, added);
            hasGrad = true;
        }
    }

    @Override
    public String toString() {
        return name + " " + value.shape();
    }
}
