package org.s2d.device;

import org.s2d.tensor.Tensor;

/** Losses per sample, similarities, and the self-distillation targets. All rows are over the last dimension (classes). */
public interface Losses {
    /** {@code loss[b] = -sum_c target[b, c] * logSoftmax(logits[b])[c]}; targets need not sum to one. */
    void crossEntropy(Tensor loss, Tensor logits, Tensor target);

    /** {@code gradLogits[b] = gradLoss[b] * (softmax(logits[b]) * sum(target[b]) - target[b])}. */
    void crossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target);

    /**
     * {@link #crossEntropy} with targets that have {@code smoothing / C} everywhere and {@code 1 - smoothing} more at the label;
     * {@code labels} [B]: classes as floating-point numbers.
     */
    void crossEntropyOfLabels(Tensor loss, Tensor logits, Tensor labels, double smoothing);

    /** Gradient of {@link #crossEntropyOfLabels}. */
    void crossEntropyOfLabelsBackward(
            Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor labels, double smoothing);

    /** {@code loss[b] = mean_c bce(logits[b, c], target[b, c])}, stable for large logits. */
    void binaryCrossEntropy(Tensor loss, Tensor logits, Tensor target);

    /** {@code gradLogits[b, c] = gradLoss[b] / C * (sigmoid(logits[b, c]) - target[b, c])}. */
    void binaryCrossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target);

    /** {@code loss[b] = mean_c (in[b, c] - target[b, c])^2}. */
    void squaredError(Tensor loss, Tensor in, Tensor target);

    /** {@code gradIn[b, c] = 2 gradLoss[b] / C * (in[b, c] - target[b, c])}. */
    void squaredErrorBackward(Tensor gradIn, Tensor gradLoss, Tensor in, Tensor target);

    /** {@code out[r] = rows[r] . x / (|rows[r]| |x|)}: rows [..., D], x [D]. */
    void cosineSimilarity(Tensor out, Tensor rows, Tensor x);

    /** Gradients of {@link #cosineSimilarity}. */
    void cosineSimilarityBackward(Tensor gradRows, Tensor gradX, Tensor gradOut, Tensor rows, Tensor x);

    /** Anchors of the self-distillation loss: {@code queue} [C, S, D] with the distributions predicted for them [C, S, C]. */
    record Anchors(Tensor queue, Tensor distribution) {}

    /**
     * The self-distillation loss and its soft targets: cosine similarity of {@code feature} [B, D] to the queue, the k best of each class,
     * {@code target[b] = sum(similarity * distribution) / sum(similarity)} over those C*k rows, {@code loss[b] = mean_c bce(logits[b, c],
     * target[b, c])}; {@code logits} and {@code target} [B, C]. The gradient is {@link #binaryCrossEntropyBackward}: targets carry none.
     */
    void anchorLoss(Tensor loss, Tensor target, Tensor logits, Tensor feature, Anchors anchors, int k);

    /**
     * Each row of {@code rows} [B, D], in order, replaces the oldest anchor of its class in {@code queue} [C, S, D], oldest first.
     *
     * @param labels [B], classes as floating-point numbers
     * @param factor F64 [1]: nothing happens when it is not finite
     */
    void pushAnchors(Tensor queue, Tensor rows, Tensor labels, Tensor factor);
}
