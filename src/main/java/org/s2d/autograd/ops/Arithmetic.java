package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Elementwise.Binary;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Sums and products with broadcasting.
 *
 * <p>Shapes: operands broadcast by NumPy's rule; gradients are summed back. The result is in the float type when either
 * operand is. A sum keeps nothing; a product keeps the operand the other's gradient needs.
 */
public final class Arithmetic {
    private Arithmetic() {}

    /** {@code a + b}. */
    public static Var add(Tape tape, Var a, Var b) {
        Tensor out = allocate(tape, a, b);
        tape.device().elementwise().binary(Binary.ADD, out, a.value(), b.value());
        if (!tape.needsGrad(a, b)) {
            return tape.constant(out);
        }
        return tape.record("add", out, List.of(), grad -> {
            tape.accumulate(a, grad);
            tape.accumulate(b, grad);
        });
    }

    /** {@code a * b}. */
    public static Var multiply(Tape tape, Var a, Var b) {
        Tensor out = allocate(tape, a, b);
        tape.device().elementwise().binary(Binary.MULTIPLY, out, a.value(), b.value());
        if (!tape.needsGrad(a, b)) {
            return tape.constant(out);
        }
        List<Tensor> kept = new ArrayList<>();
        if (a.requiresGrad()) {
            kept.add(b.value());
        }
        if (b.requiresGrad()) {
            kept.add(a.value());
        }
        return tape.record("multiply", out, kept, grad -> {
            product(tape, a, grad, b);
            product(tape, b, grad, a);
        });
    }

    private static void product(Tape tape, Var target, Tensor grad, Var other) {
        if (target.requiresGrad()) {
            Tensor out = tape.allocate(grad.dtype(), grad.shape());
            tape.device().elementwise().binary(Binary.MULTIPLY, out, grad, other.value());
            tape.accumulate(target, out);
        }
    }

    /** {@code x * factor}. */
    public static Var scale(Tape tape, Var x, double factor) {
        Tensor out = tape.allocate(x.value().dtype(), x.shape());
        tape.device().elementwise().scale(out, x.value(), factor);
        if (!tape.needsGrad(x)) {
            return tape.constant(out);
        }
        return tape.record("scale", out, List.of(), grad -> {
            Tensor gradX = tape.allocate(grad.dtype(), grad.shape());
            tape.device().elementwise().scale(gradX, grad, factor);
            tape.accumulate(x, gradX);
        });
    }

    /** Mean over one dimension, which disappears. */
    public static Var mean(Tape tape, Var x, int dim) {
        return scale(tape, sum(tape, x, dim), 1.0 / x.dim(dim));
    }

    /** Sum over one dimension, which disappears. */
    public static Var sum(Tape tape, Var x, int dim) {
        Shape kept = x.shape().with(dim, 1);
        Tensor total = tape.allocate(tape.floatType(), kept);
        tape.device().elementwise().sumTo(total, x.value());
        Tensor out = total.select(dim, 0);
        if (!tape.needsGrad(x)) {
            return tape.constant(out);
        }
        return tape.record(
                "sum",
                out,
                List.of(),
                grad -> tape.accumulate(x, tape.contiguous(grad).reshape(kept).expand(x.shape())));
    }

    private static Tensor allocate(Tape tape, Var a, Var b) {
        boolean same = a.value().dtype() == b.value().dtype();
        return tape.allocate(
                same ? a.value().dtype() : tape.floatType(), a.shape().broadcast(b.shape()));
    }
}
