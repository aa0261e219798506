package org.s2d.check.kernels;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.s2d.check.kernels.Operand.Role;
import org.s2d.check.kernels.Operand.Values;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;

/**
 * One call of a device at one size.
 *
 * @param type of the activations
 * @param prepare fills operands that earlier kernels would have made; runs once per set of operands
 * @param flops operations of one call that count against the rate of matrix products; 0 for a kernel that only moves data
 */
record KernelCase(String name, DType type, List<Operand> operands, Action prepare, Binding binding, double flops) {
    /** Something done with operands. */
    @FunctionalInterface
    interface Action {
        void run(Device device, Tensors operands);
    }

    /** Makes the call that is timed; what it needs besides the operands lives in the scope. */
    @FunctionalInterface
    interface Binding {
        Runnable bind(Device device, Scope scope, Tensors operands);
    }

    static KernelCase of(String name, DType type) {
        return new KernelCase(name, type, List.of(), (_, _) -> {}, (_, _, _) -> () -> {}, 0);
    }

    private KernelCase with(Operand operand) {
        List<Operand> more = new ArrayList<>(operands);
        more.add(operand);
        return new KernelCase(name, type, List.copyOf(more), prepare, binding, flops);
    }

    /** Adds an activation. */
    KernelCase activation(String operand, Role role, int... dims) {
        return with(new Operand(operand, Shape.of(dims), role, Values.SPREAD, true, 0));
    }

    /** Adds a tensor in the device's float type. */
    KernelCase plain(String operand, Role role, int... dims) {
        return with(new Operand(operand, Shape.of(dims), role, Values.SPREAD, false, 0));
    }

    /** Adds a tensor of positive numbers in the device's float type. */
    KernelCase positive(String operand, Role role, int... dims) {
        return with(new Operand(operand, Shape.of(dims), role, Values.POSITIVE, false, 0));
    }

    /** Adds bytes that are read. */
    KernelCase bytes(String operand, int... dims) {
        return with(new Operand(operand, Shape.of(dims), Role.READ, Values.BYTES, false, 0));
    }

    /**
     * Says that for every operand added so far the result's rows along the first dimension depend on the operands' same rows alone: the
     * reference, which is slow, then computes the first and the last {@code rows} of them.
     */
    KernelCase checkedRows(int rows) {
        List<Operand> sliced = operands.stream()
                .map(o -> new Operand(o.name(), o.shape(), o.role(), o.values(), o.activation(), rows))
                .toList();
        return new KernelCase(name, type, sliced, prepare, binding, flops);
    }

    KernelCase prepare(Action action) {
        return new KernelCase(name, type, operands, action, binding, flops);
    }

    KernelCase run(Action action) {
        return binding((device, _, bound) -> () -> action.run(device, bound));
    }

    KernelCase binding(Binding wanted) {
        return new KernelCase(name, type, operands, prepare, wanted, flops);
    }

    KernelCase flops(double count) {
        return new KernelCase(name, type, operands, prepare, binding, count);
    }

    DType typeOf(Operand operand) {
        if (operand.values() == Values.BYTES) {
            return DType.U8;
        }
        return operand.activation() ? type : DType.F32;
    }

    /** Bytes that a call has to read and write when nothing is moved twice. */
    long bytes() {
        return operands.stream()
                .mapToLong(operand -> operand.bytes(typeOf(operand)))
                .sum();
    }

    String title() {
        return name + ", " + type.name().toLowerCase(Locale.ROOT);
    }
}
