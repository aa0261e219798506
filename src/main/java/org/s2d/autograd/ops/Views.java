package org.s2d.autograd.ops;

import java.util.List;
import java.util.function.UnaryOperator;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * The same elements seen differently: no memory moves and nothing is kept. Gradients pass through the inverse view; where a
 * view leaves elements out, their gradient is zero.
 */
public final class Views {
    private Views() {}

    /** Another shape of a contiguous variable (a copy is made of others); one dimension may be -1. */
    public static Var reshape(Tape tape, Var x, int... dims) {
        Tensor out = tape.contiguous(x.value()).reshape(dims);
        return view(tape, "reshape", x, out, grad -> tape.contiguous(grad).reshape(x.shape()));
    }

    public static Var permute(Tape tape, Var x, int... order) {
        int[] inverse = new int[order.length];
        Tensor out = x.value().permute(order);
        for (int i = 0; i < order.length; i++) {
            inverse[x.shape().normalise(order[i])] = i;
        }
        return view(tape, "permute", x, out, grad -> grad.permute(inverse));
    }

    /** One dimension as several whose product is its size. */
    public static Var unflatten(Tape tape, Var x, int dim, int... sizes) {
        Tensor out = x.value().unflatten(dim, sizes);
        return view(tape, "unflatten", x, out, grad -> tape.contiguous(grad).reshape(x.shape()));
    }

    /** {@code length} elements of one dimension from {@code start}. */
    public static Var narrow(Tape tape, Var x, int dim, int start, int length) {
        Tensor out = x.value().narrow(dim, start, length);
        return view(tape, "narrow", x, out, grad -> embed(tape, x.shape(), grad, dim, start, length));
    }

    /** One index of a dimension, which disappears. */
    public static Var select(Tape tape, Var x, int dim, int at) {
        Tensor out = x.value().select(dim, at);
        Shape row = x.shape().with(dim, 1);
        return view(
                tape,
                "select",
                x,
                out,
                grad -> embed(tape, x.shape(), tape.contiguous(grad).reshape(row), dim, at, 1));
    }

    /** Repeats size-one and missing leading dimensions. */
    public static Var expand(Tape tape, Var x, Shape target) {
        return view(tape, "expand", x, x.value().expand(target), grad -> grad);
    }

    /** A contiguous copy where the variable is a strided view. */
    public static Var contiguous(Tape tape, Var x) {
        return view(tape, "contiguous", x, tape.contiguous(x.value()), grad -> grad);
    }

    private static Tensor embed(Tape tape, Shape shape, Tensor grad, int dim, int start, int length) {
        Tensor full = tape.allocate(grad.dtype(), shape);
        tape.device().elementwise().fill(full, 0);
        tape.device().elementwise().copy(full.narrow(dim, start, length), grad);
        return full;
    }

    private static Var view(Tape tape, String name, Var x, Tensor out, UnaryOperator<Tensor> inverse) {
        if (!tape.needsGrad(x)) {
            return tape.constant(out);
        }
        return tape.record(name, out, List.of(), grad -> tape.accumulate(x, inverse.apply(grad)));
    }
}
