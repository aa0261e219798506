package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.device.TokenKernels.Gather;
import org.s2d.device.TokenKernels.Route;
import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Argument checks of {@link TokenKernels}, the same on every device. */
public final class TokenChecks {
    /** What kernels remember the chosen ones of in a word. */
    private static final int MOST_EXPERTS = 64;

    private TokenChecks() {}

    public static void gather(Tensor out, Gather gather) {
        String kernel = "gather";
        Tensor in = gather.in();
        index(kernel, gather.index(), out.dim(0));
        matrix(kernel, "in", in);
        Checks.shape(kernel, "out", out, Shape.of(gather.index().dim(0), in.dim(1)));
        Checks.floating(kernel, out, in);
        Checks.contiguous(kernel, out, in);
        optional(kernel, "weights", gather.weights(), gather.index().shape());
        optional(kernel, "absent", gather.absent(), Shape.of(in.dim(1)));
        Tensor base = gather.base();
        if (base != null) {
            optional(kernel, "base", base, Shape.of(base.dim(0), in.dim(1)));
            if (out.dim(0) % Math.max(1, base.dim(0)) != 0) {
                throw new ShapeException(
                        kernel + ": base " + base.shape() + " does not repeat in the rows of " + out.shape());
            }
        }
    }

    private static void optional(String kernel, String name, @Nullable Tensor tensor, Shape expected) {
        if (tensor != null) {
            Checks.shape(kernel, name, tensor, expected);
            Checks.floating(kernel, tensor);
            Checks.contiguous(kernel, tensor);
        }
    }

    public static void gatherDot(Tensor out, Tensor rows, Tensor in, Tensor index) {
        String kernel = "gatherDot";
        matrix(kernel, "rows", rows);
        matrix(kernel, "in", in);
        index(kernel, index, rows.dim(0));
        Checks.shape(kernel, "in", in, Shape.of(in.dim(0), rows.dim(1)));
        Checks.shape(kernel, "out", out, index.shape());
        Checks.floating(kernel, out, rows, in);
        Checks.contiguous(kernel, out, rows, in);
    }

    private static void matrix(String kernel, String name, Tensor tensor) {
        Checks.rank(kernel, name, tensor, 2);
    }

    private static void index(String kernel, Tensor index, int rows) {
        integers(kernel, "index", index);
        if (index.rank() != 2 || index.dim(0) != rows) {
            throw new ShapeException(kernel + ": index is " + index.shape() + ", expected (" + rows + ", k)");
        }
    }

    private static void integers(String kernel, String name, Tensor tensor) {
        if (tensor.dtype() != DType.I64) {
            throw new ShapeException(kernel + ": " + name + " is " + tensor.dtype() + ", expected I64");
        }
        Checks.contiguous(kernel, tensor);
    }

    public static void route(Route out, Tensor scores) {
        String kernel = "route";
        Checks.rank(kernel, "scores", scores, 3);
        Checks.rank(kernel, "gates", out.gates(), 3);
        int experts = scores.dim(2);
        int k = out.gates().dim(2);
        if (k < 1 || k > experts || experts > MOST_EXPERTS) {
            throw new ShapeException(
                    kernel + ": " + k + " of " + experts + " experts cannot be chosen; at most " + MOST_EXPERTS);
        }
        int tokens = scores.dim(0) * scores.dim(1);
        Shape slots = out.tokens().shape();
        if (slots.rank() != 2 || slots.dim(1) != 1 || slots.dim(0) % experts != 0) {
            throw new ShapeException(kernel + ": slots " + slots + " are not (" + experts + " * capacity, 1)");
        }
        Checks.shape(kernel, "gates", out.gates(), scores.shape().with(2, k));
        Checks.shape(kernel, "experts", out.experts(), out.gates().shape());
        Checks.shape(kernel, "slots", out.slots(), Shape.of(tokens, k));
        Checks.shape(kernel, "picks", out.picks(), slots);
        Checks.shape(kernel, "shares", out.shares(), Shape.of(scores.dim(0), experts));
        integers(kernel, "experts", out.experts());
        integers(kernel, "slots", out.slots());
        integers(kernel, "tokens", out.tokens());
        integers(kernel, "picks", out.picks());
        Checks.floating(kernel, scores, out.gates(), out.shares());
        Checks.contiguous(kernel, scores, out.gates(), out.shares());
    }

    public static void routeBackward(Tensor gradScores, Tensor gradGates, Tensor gates, Tensor experts) {
        String kernel = "routeBackward";
        Checks.rank(kernel, "gates", gates, 3);
        Checks.shape(kernel, "gradScores", gradScores, gates.shape().with(2, gradScores.dim(-1)));
        Checks.sameShape(kernel, gates, gradGates, experts);
        integers(kernel, "experts", experts);
        Checks.floating(kernel, gradScores, gradGates, gates);
        Checks.contiguous(kernel, gradScores, gradGates, gates);
    }

    public static void patchTargets(Tensor out, Tensor in, Tensor scale, Tensor shift) {
        String kernel = "patchTargets";
        Checks.rank(kernel, "in", in, 3);
        Checks.sameShape(kernel, in, out);
        Checks.shape(kernel, "scale", scale, Shape.of(in.dim(2)));
        Checks.sameShape(kernel, scale, shift);
        Checks.floating(kernel, out, in, scale, shift);
        Checks.contiguous(kernel, out, in, scale, shift);
    }
}
