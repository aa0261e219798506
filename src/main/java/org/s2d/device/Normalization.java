package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Tensor;

/** Kernels that normalise along a dimension. */
public interface Normalization {
    /**
     * {@code out = (in - mean) / sqrt(var + eps) * weight + bias} over the last dimension D, biased variance. {@code in} [..., D]
     * may be a view whose last dimension has stride 1; {@code mean} and {@code rstd} [rows] are kept for the backward pass
     * (null when not needed).
     */
    void layerNorm(
            Tensor out,
            @Nullable Tensor mean,
            @Nullable Tensor rstd,
            Tensor in,
            Tensor weight,
            Tensor bias,
            double eps);

    /** {@link #layerNorm} of a sum, which is formed on the way and stored: {@code sum} [F, N, D] contiguous, none of its terms. */
    void sumLayerNorm(
            Tensor out,
            Tensor sum,
            @Nullable Tensor mean,
            @Nullable Tensor rstd,
            ResidualSum terms,
            Tensor weight,
            Tensor bias,
            double eps);

    /**
     * {@code out[b] = mean over t of layerNorm(in[b, t])}: {@code in} [B, T, D], a view whose last dimension has stride 1, {@code out}
     * [B, D] contiguous; {@code mean} and {@code rstd} [B * T] are written.
     */
    void meanLayerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor in, Tensor weight, Tensor bias, double eps);

    /**
     * Gradients of {@link #layerNorm}; null outputs are not computed. {@code gradWeight} and {@code gradBias} [D] are written, not
     * accumulated. {@code gradIn}, {@code gradOut}, {@code in} and {@code around} may be views with stride 1 in the last dimension.
     * {@code around} is added to {@code gradIn}: the gradient that reaches the same input past the normalisation; null for none.
     */
    void layerNormBackward(
            @Nullable Tensor gradIn,
            @Nullable Tensor gradWeight,
            @Nullable Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor rstd,
            Tensor weight,
            @Nullable Tensor around);

    /** Softmax over the last dimension. */
    void softmax(Tensor out, Tensor in);

    /** {@code gradIn = out * (gradOut - sum(gradOut * out))}. */
    void softmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut);

    /** Logarithm of the softmax over the last dimension. */
    void logSoftmax(Tensor out, Tensor in);

    /** {@code gradIn = gradOut - exp(out) * sum(gradOut)}. */
    void logSoftmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut);
}
