package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Sizes of one call of attention: queries [outer, inner, queries, heads, headDim], keys and values likewise. */
public record AttentionSizes(int outer, int inner, int queries, int keys, int heads, int headDim) {
    /** Reads the sizes off the operands and checks that they, the result and the log-sum-exp, where there are these, fit each other. */
    public static AttentionSizes check(
            String kernel, Tensor q, Tensor k, Tensor v, @Nullable Tensor out, @Nullable Tensor logSumExp) {
        if (q.rank() != 5 || k.rank() != 5) {
            throw new ShapeException(
                    kernel + ": q " + q.shape() + " and k " + k.shape() + " must have rank 5: [B1, B2, S, H, d]");
        }
        if (!k.shape().with(2, q.dim(2)).equals(q.shape())) {
            throw new ShapeException(kernel + ": k " + k.shape() + " does not fit q " + q.shape()
                    + "; only the third dimension may differ");
        }
        if (k.dim(2) == 0 && q.dim(2) > 0) {
            throw new ShapeException(kernel + ": no keys for the queries " + q.shape());
        }
        requireLike(kernel, "v", v, "k", k);
        if (out != null) {
            requireLike(kernel, "out", out, "q", q);
        }
        requireRows(kernel, "q", q);
        requireRows(kernel, "k", k);
        AttentionSizes sizes = new AttentionSizes(q.dim(0), q.dim(1), q.dim(2), k.dim(2), q.dim(3), q.dim(4));
        Shape kept = sizes.logSumExp();
        if (logSumExp != null && (!logSumExp.shape().equals(kept) || !logSumExp.isContiguous())) {
            throw new ShapeException(kernel + ": logSumExp " + logSumExp.shape() + " for q " + q.shape()
                    + ", expected contiguous " + kept);
        }
        return sizes;
    }

    /** Checks that a tensor has the shape of another and rows without gaps. */
    public static void requireLike(String kernel, String name, Tensor tensor, String like, Tensor expected) {
        if (!tensor.shape().equals(expected.shape())) {
            throw new ShapeException(
                    kernel + ": " + name + " " + tensor.shape() + " does not fit " + like + " " + expected.shape());
        }
        requireRows(kernel, name, tensor);
    }

    private static void requireRows(String kernel, String name, Tensor tensor) {
        if (tensor.dim(-1) > 1 && tensor.stride(-1) != 1 && tensor.numel() > 0) {
            throw new ShapeException(kernel + ": " + name + " " + tensor.shape() + " has stride " + tensor.stride(-1)
                    + " in its last dimension, expected 1");
        }
        if (!tensor.dtype().isFloating()) {
            throw new ShapeException(kernel + ": " + name + " is " + tensor.dtype() + ", expected a floating type");
        }
    }

    /** Shape of the log-sum-exp. */
    public Shape logSumExp() {
        return Shape.of(outer, inner, heads, queries);
    }

    /** Number of independent problems: one per sequence and head. */
    public int problems() {
        return outer * inner * heads;
    }
}
