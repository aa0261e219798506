package org.s2d.nn;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Leaf;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Parameters of one shape, side by side in memory, so that one operation works on all of them: [places, shape...]. Each keeps its own
 * name and gradient. A place without parameter stays zero.
 */
public final class ParameterStack implements Leaf {
    private final Scope scope;
    private final Tensor value;
    private final List<@Nullable Parameter> members;
    private final Map<DType, Tensor> copies = new EnumMap<>(DType.class);
    private final Map<DType, Long> copyVersions = new EnumMap<>(DType.class);

    /** @param value the members' values and zeros, which they are views of */
    ParameterStack(Scope scope, Tensor value, List<@Nullable Parameter> members) {
        this.scope = scope;
        this.value = value;
        this.members = members;
        members().forEach(member -> member.setStack(this));
    }

    /** The same seen as [places * first, rest...]. */
    Leaf concatenated() {
        Shape shape = value.shape().without(0);
        return new Reshaped(this, shape.with(0, value.dim(0) * value.dim(1)));
    }

    private record Reshaped(ParameterStack stack, Shape shape) implements Leaf {
        @Override
        public Tensor value() {
            return stack.value.reshape(shape);
        }

        @Override
        public Tensor valueAs(DType type, Device device) {
            return stack.valueAs(type, device).reshape(shape);
        }

        @Override
        public boolean requiresGrad() {
            return stack.requiresGrad();
        }

        @Override
        public void accumulate(Tensor gradient, Device device) {
            stack.accumulate(gradient.reshape(stack.value.shape()), device);
        }
    }

    /** The parameters in their order. */
    public List<Parameter> members() {
        return members.stream().filter(Objects::nonNull).toList();
    }

    @Override
    public Tensor value() {
        return value;
    }

    @Override
    public boolean requiresGrad() {
        return members().stream().anyMatch(Parameter::requiresGrad);
    }

    @Override
    public Tensor valueAs(DType type, Device device) {
        if (type == value.dtype()) {
            return value;
        }
        long version = members().stream().mapToLong(Parameter::version).sum();
        Tensor copy = copies.computeIfAbsent(type, wanted -> scope.allocate(wanted, value.shape()));
        if (copyVersions.getOrDefault(type, -1L) != version) {
            device.elementwise().copy(copy, value);
            copyVersions.put(type, version);
        }
        return copy;
    }

    /** As {@link Parameter#refresh}. */
    void refresh(Device device) {
        List.copyOf(copies.keySet()).forEach(type -> valueAs(type, device));
    }

    @Override
    public void accumulate(Tensor gradient, Device device) {
        for (int i = 0; i < members.size(); i++) {
            Parameter member = members.get(i);
            if (member != null && member.requiresGrad()) {
                member.accumulate(gradient.select(0, i), device);
            }
        }
    }
}
