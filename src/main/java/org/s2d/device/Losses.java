package org.s2d.device;

import org.s2d.tensor.Tensor;

/** Losses per sample, similarities, and the self-distillation targets. All rows are over the last dimension (classes). */
public interface Losses {
    /** {@code loss[b] = -sum_c target[b, c] * logSoftmax(logits[b])[c]}; targets need not sum to one. */
    void crossEntropy(Tensor loss, Tensor logits, Tensor target);

    /** {@code gradLogits[b] = gradLoss[b] * (softmax(logits[b]) * sum(target[b]) - target[b])}. */
    void crossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target);

    /** {@code loss[b] = mean_c bce(logits[b, c], target[b, c])}, stable for large logits. */
    void binaryCrossEntropy(Tensor loss, Tensor logits, Tensor target);

    /** {@code gradLogits[b, c] = gradLoss[b] / C * (sigmoid(logits[b, c]) - target[b, c])}. */
    void binaryCrossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target);

    /** {@code out[r] = rows[r] . x / (|rows[r]| |x|)}: rows [..., D], x [D]. */
    void cosineSimilarity(Tensor out, Tensor rows, Tensor x);

    /** Gradients of {@link #cosineSimilarity}. */
    void cosineSimilarityBackward(Tensor gradRows, Tensor gradX, Tensor gradOut, Tensor rows, Tensor x);

    /**
     * Soft targets of the self-distillation loss: cosine similarity of {@code feature} [B, D] to {@code queue} [C, S, D], the k best of each
     * class, {@code out[b] = sum(similarity * distribution) / sum(similarity)} over those C*k rows; {@code distribution} [C, S, C],
     * {@code out} [B, C].
     */
    void anchorTargets(Tensor out, Tensor feature, Tensor queue, Tensor distribution, int k);

    /**
     * Each row of {@code rows} [B, D], in order, replaces the oldest anchor of its class in {@code queue} [C, S, D], oldest first.
     *
     * @param labels [B], classes as floating-point numbers
     * @param factor F64 [1]: nothing happens when it is not finite
     */
    void pushAnchors(Tensor queue, Tensor rows, Tensor labels, Tensor factor);
}
