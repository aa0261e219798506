package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.TokenKernels;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Tokens chosen by number, and put back. Rows that belong together are told by two lists of numbers, one for each direction, so that
 * gradients are gathered too and never scattered: no two threads add to one place, and equal inputs give equal bits.
 *
 * <p>Memory-bound; reads each row once per use. Source: indexing in PyTorch.
 */
public final class Gather {
    private Gather() {}

    /**
     * Which rows of one matrix are which of another; missing ones are {@link TokenKernels#NONE}.
     *
     * @param forward I64 [R, 1]: for each row of the result its row of the source
     * @param backward I64 [S, m]: for each row of the source its rows of the result
     */
    public record Places(Tensor forward, Tensor backward) {
        /** The way back; each row of the source is at most once in the result. */
        public Places reversed() {
            return new Places(/* forward= */ backward, /* backward= */ forward);
        }
    }

    /** Rows of x [.., D], which has S of them, as [R, D]; zeros where there is none. Keeps nothing but the places. */
    public static Var rows(Tape tape, Var x, Places places) {
        Tensor in = matrix(tape, x, places);
        Tensor out = tape.allocate(in.dtype(), Shape.of(places.forward.dim(0), in.dim(1)));
        tape.device().tokens().gather(out, TokenKernels.Gather.rows(in, places.forward));
        if (!tape.needsGrad(x)) {
            return tape.constant(out);
        }
        return tape.record("gather", out, List.of(places.backward), grad -> {
            Tensor gradX = tape.allocate(in.dtype(), in.shape());
            TokenKernels.Gather back = TokenKernels.Gather.rows(tape.contiguous(grad), places.backward);
            tape.device().tokens().gather(gradX, back);
            tape.accumulate(x, gradX.reshape(x.shape()));
        });
    }

    /**
     * The reverse of {@link #rows}: x [.., D], which has S rows, as R rows; where there is none, {@code absent} [.., D] of D numbers
     * stands. To every row the one of {@code positions} [P, D] is added, again and again. The result [R, D] is in the float type.
     */
    public static Var restore(Tape tape, Var x, Places places, Var absent, Tensor positions) {
        Tensor in = matrix(tape, x, places);
        Shape rowShape = Shape.of(in.dim(1));
        Tensor filling = tape.contiguous(absent.value()).reshape(rowShape);
        Tensor out = tape.allocate(tape.floatType(), Shape.of(places.forward.dim(0), in.dim(1)));
        tape.device().tokens().gather(out, new TokenKernels.Gather(in, places.forward, null, filling, positions));
        if (!tape.needsGrad(x, absent)) {
            return tape.constant(out);
        }
        return tape.record("restore", out, List.of(places.backward), grad -> {
            Tensor rows = tape.contiguous(grad);
            Tensor gradX = tape.allocate(tape.floatType(), in.shape());
            tape.device().tokens().gather(gradX, TokenKernels.Gather.rows(rows, places.backward));
            tape.accumulate(x, gradX.reshape(x.shape()));
            if (absent.requiresGrad()) {
                // All rows, less those that came from x.
                Tensor sum = tape.allocate(tape.floatType(), rowShape);
                Tensor present = tape.allocate(tape.floatType(), rowShape);
                tape.device().elementwise().sumTo(sum, rows);
                tape.device().elementwise().sumTo(present, gradX);
                tape.device().elementwise().addScaled(sum, present, -1);
                tape.accumulate(absent, sum.reshape(absent.shape()));
            }
        });
    }

    /**
     * {@code y[t] = base[t] + sum_j gates[t, j] * x[slots[t, j]]}: x [.., D] with S rows, gates [.., k] with T rows, base [.., D] with T
     * rows or none; result as base, or [T, D] in the type of x. Keeps x and gates.
     */
    public static Var combine(Tape tape, Var x, Var gates, Routing.Result routing, @Nullable Var base) {
        Tensor in = flat(tape, x);
        Tensor slots = routing.slots();
        Tensor weights = flat(tape, gates);
        Tensor under = base == null ? null : flat(tape, base);
        Tensor out = tape.allocate(under == null ? in.dtype() : under.dtype(), Shape.of(slots.dim(0), in.dim(1)));
        tape.device().tokens().gather(out, new TokenKernels.Gather(in, slots, weights, null, under));
        Tensor result = base == null ? out : out.reshape(base.shape());
        if (!tape.needsGrad(x, gates, base)) {
            return tape.constant(result);
        }
        List<Tensor> kept = new ArrayList<>(List.of(in, weights, slots, routing.tokens(), routing.picks()));
        return tape.record("combine", result, kept, grad -> {
            tape.accumulate(base, grad);
            Tensor rows = tape.contiguous(grad).reshape(out.shape());
            if (x.requiresGrad()) {
                TokenKernels kernels = tape.device().tokens();
                Tensor perSlot = tape.allocate(weights.dtype(), routing.picks().shape());
                Tensor all = weights.reshape((int) weights.numel(), 1);
                kernels.gather(perSlot, TokenKernels.Gather.rows(all, routing.picks()));
                Tensor gradX = tape.allocate(in.dtype(), in.shape());
                kernels.gather(gradX, new TokenKernels.Gather(rows, routing.tokens(), perSlot, null, null));
                tape.accumulate(x, gradX.reshape(x.shape()));
            }
            if (gates.requiresGrad()) {
                Tensor gradGates = tape.allocate(tape.floatType(), slots.shape());
                tape.device().tokens().gatherDot(gradGates, rows, in, slots);
                tape.accumulate(gates, gradGates.reshape(gates.shape()));
            }
        });
    }

    private static Tensor matrix(Tape tape, Var x, Places places) {
        Tensor in = flat(tape, x);
        if (places.backward.rank() != 2 || places.backward.dim(0) != in.dim(0)) {
            throw new ShapeException(
                    "gather: " + x.shape() + " has " + in.dim(0) + " rows, places are " + places.backward.shape());
        }
        return in;
    }

    private static Tensor flat(Tape tape, Var x) {
        if (x.shape().rank() < 2) {
            throw new ShapeException("gather: " + x.shape() + " has no rows");
        }
        int width = x.dim(-1);
        int rows = Math.toIntExact(x.shape().without(-1).numel());
        return tape.contiguous(x.value()).reshape(rows, width);
    }
}
