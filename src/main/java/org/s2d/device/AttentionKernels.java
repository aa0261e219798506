package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Products.Activation;
import org.s2d.tensor.Tensor;

/** Fused attention and the fovea of the landmark prompter. */
public interface AttentionKernels {
    /**
     * Scaled dot-product attention {@code softmax(q k^T * scale) v} without an S x S matrix in memory. {@code q} and {@code out} are
     * [B1, B2, Sq, H, d], {@code k} and {@code v} [B1, B2, Sk, H, d]: any views with stride 1 in d, so that packed qkv, attention over
     * tokens and attention over time (token layout [B, T, N, H, d] seen as [B, N, T, H, d]) need no copies. {@code logSumExp} [B1,
     * B2, H, Sq] contiguous in the device's float type, kept for the backward pass (null when not needed).
     */
    void attention(Tensor out, @Nullable Tensor logSumExp, Tensor q, Tensor k, Tensor v, double scale);

    /** Whether {@link #attentionBackward} reads {@code out}, which otherwise need not be kept. */
    boolean backwardReadsResult();

    /** Gradients of {@link #attention}; same layouts. {@code out} may be null unless {@link #backwardReadsResult}. */
    void attentionBackward(
            Tensor gradQ,
            Tensor gradK,
            Tensor gradV,
            Tensor gradOut,
            Tensor q,
            Tensor k,
            Tensor v,
            @Nullable Tensor out,
            Tensor logSumExp,
            double scale);

    /**
     * {@code out = softmax over N (in * smooth) * in} per channel; {@code in} and {@code out} [F, N, C] contiguous, {@code smooth} [1].
     */
    void fovea(Tensor out, Tensor in, Tensor smooth);

    /** Gradients of {@link #fovea}; {@code gradSmooth} [1] is written. */
    void foveaBackward(Tensor gradIn, Tensor gradSmooth, Tensor gradOut, Tensor in, Tensor smooth);

    /**
     * The landmark prompter, {@code out = back(fovea(focus(image)) + other(landmark))}, [F, N, D] in the device's float type; writes
     * what {@code streams} keep.
     */
    void foveaPrompt(Tensor out, FoveaPrompter.Streams streams, FoveaPrompter weights);

    /** Gradients of {@link #foveaPrompt}; those of the weights are written. */
    void foveaPromptBackward(
            FoveaPrompter.Gradients gradients, Tensor gradOut, FoveaPrompter.Streams streams, FoveaPrompter weights);

    /**
     * Depth-wise convolution over time: {@code out[b, t, n, c] = bias[c] + sum_k weight[c, k] * before(in[b, t + k - K/2, n, c])}, zero
     * outside; {@code in} and {@code out} [B, T, N, C] contiguous, {@code weight} [C, K] with odd K, {@code bias} [C].
     */
    void temporalConv(Tensor out, Tensor in, Tensor weight, Tensor bias, Activation before);

    /** Gradients of {@link #temporalConv}; weight and bias gradients are written. */
    void temporalConvBackward(
            Tensor gradIn,
            Tensor gradWeight,
            Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor weight,
            Activation before);
}
