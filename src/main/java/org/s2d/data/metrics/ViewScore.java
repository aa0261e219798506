package org.s2d.data.metrics;

import java.util.Arrays;

/**
 * What the model said about one view of a clip.
 *
 * @param id the clip
 * @param logits scores before the softmax
 * @param label true class
 * @param chunk window in time
 * @param split crop
 * @param copies how many equal views this one stands for
 */
@SuppressWarnings("ArrayRecordComponent") // only read
public record ViewScore(String id, double[] logits, int label, int chunk, int split, int copies) {
    /** Probabilities: softmax of the logits. */
    public double[] probabilities() {
        double largest = Arrays.stream(logits).max().orElse(0);
        double[] exp = Arrays.stream(logits)
                .map(logit -> StrictMath.exp(logit - largest))
                .toArray();
        double sum = Arrays.stream(exp).sum();
        return Arrays.stream(exp).map(value -> value / sum).toArray();
    }
}
