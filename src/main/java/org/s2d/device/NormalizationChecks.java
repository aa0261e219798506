package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Argument checks of {@link Normalization}, the same on every device. */
public final class NormalizationChecks {
    private NormalizationChecks() {}

    public static void layerNorm(
            Tensor out, @Nullable Tensor mean, @Nullable Tensor rstd, Tensor in, Tensor weight, Tensor bias) {
        Checks.unitRows("layerNorm", out, in);
        Checks.sameShape("layerNorm", in, out);
        Shape features = Shape.of(in.dim(-1));
        Checks.shape("layerNorm", "weight", weight, features);
        Checks.shape("layerNorm", "bias", bias, features);
        Checks.contiguous("layerNorm", weight, bias);
        statistics("layerNorm", mean, rstd, in);
    }

    /** {@code in} [B, T, D], {@code out} [B, D]. */
    public static void meanLayerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor in, Tensor weight, Tensor bias) {
        String kernel = "meanLayerNorm";
        Checks.rank(kernel, "in", in, 3);
        Checks.shape(kernel, "out", out, Shape.of(in.dim(0), in.dim(2)));
        Checks.contiguous(kernel, out);
        layerNorm(in, mean, rstd, in, weight, bias);
    }

    private static void statistics(String kernel, @Nullable Tensor mean, @Nullable Tensor rstd, Tensor in) {
        Shape rows = Shape.of(Math.toIntExact(in.shape().without(-1).numel()));
        if (mean != null) {
            Checks.shape(kernel, "mean", mean, rows);
            Checks.contiguous(kernel, mean);
        }
        if (rstd != null) {
            Checks.shape(kernel, "rstd", rstd, rows);
            Checks.contiguous(kernel, rstd);
        }
    }

    public static void layerNormBackward(
            @Nullable Tensor gradIn,
            @Nullable Tensor gradWeight,
            @Nullable Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor rstd,
            Tensor weight,
            @Nullable Tensor around) {
        String kernel = "layerNormBackward";
        Checks.unitRows(kernel, gradOut, in);
        Checks.sameShape(kernel, in, gradOut);
        Shape features = Shape.of(in.dim(-1));
        Checks.shape(kernel, "weight", weight, features);
        Checks.contiguous(kernel, weight);
        if (gradIn != null) {
            Checks.sameShape(kernel, in, gradIn);
            Checks.unitRows(kernel, gradIn);
        }
        if (around != null) {
            Checks.sameShape(kernel, in, around);
            Checks.unitRows(kernel, around);
        }
        if (gradWeight != null) {
            Checks.shape(kernel, "gradWeight", gradWeight, features);
            Checks.contiguous(kernel, gradWeight);
        }
        if (gradBias != null) {
            Checks.shape(kernel, "gradBias", gradBias, features);
            Checks.contiguous(kernel, gradBias);
        }
        statistics(kernel, mean, rstd, in);
    }

    /** Softmax and its relatives: contiguous tensors of one shape. */
    public static void softmax(String kernel, Tensor first, Tensor... others) {
        Checks.floating(kernel, first);
        Checks.floating(kernel, others);
        Checks.rows(kernel, first);
        Checks.sameShape(kernel, first, others);
        Checks.contiguous(kernel, first);
        Checks.contiguous(kernel, others);
    }
}
