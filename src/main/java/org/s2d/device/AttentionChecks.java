package org.s2d.device;

import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** What has to hold of the operands of the fovea and of the convolution over time. */
public final class AttentionChecks {
    private AttentionChecks() {}

    /** {@code others} have the shape of {@code in} [F, N, C]. */
    public static void fovea(String kernel, Tensor in, Tensor smooth, Tensor... others) {
        Checks.rank(kernel, "in", in, 3);
        Checks.shape(kernel, "smooth", smooth, Shape.of(1));
        Checks.sameShape(kernel, in, others);
        Checks.floating(kernel, in, smooth);
        Checks.floating(kernel, others);
        Checks.contiguous(kernel, in, smooth);
        Checks.contiguous(kernel, others);
    }

    /** {@code likeIn} have the shape of {@code in} [B, T, N, C]. */
    public static void temporalConv(String kernel, Tensor in, Tensor weight, Tensor bias, Tensor... likeIn) {
        Checks.rank(kernel, "in", in, 4);
        if (weight.rank() != 2 || weight.dim(0) != in.dim(3) || weight.dim(1) % 2 == 0) {
            throw new ShapeException(kernel + ": weight " + weight.shape() + " for input " + in.shape()
                    + ", expected [C, K] with odd K");
        }
        Checks.shape(kernel, "bias", bias, Shape.of(in.dim(3)));
        Checks.sameShape(kernel, in, likeIn);
        Checks.floating(kernel, in, weight, bias);
        Checks.floating(kernel, likeIn);
        Checks.contiguous(kernel, in, weight, bias);
        Checks.contiguous(kernel, likeIn);
    }
}
