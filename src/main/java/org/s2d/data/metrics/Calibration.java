package org.s2d.data.metrics;

import java.util.ArrayList;
import java.util.List;

/**
 * How far confidences can be believed: clips in bins of equal width of the most probable class' probability, and in each bin the part that is
 * right.
 *
 * @param bins from 0 to 1
 */
public record Calibration(List<Bin> bins) {
    /**
     * The clips whose confidence lies in (low, high].
     *
     * @param confidence their mean confidence; NaN without clips
     */
    public record Bin(double low, double high, int clips, int right, double confidence) {
        /** Part that is right; NaN without clips. */
        public double accuracy() {
            return (double) right / clips;
        }
    }

    public Calibration {
        bins = List.copyOf(bins);
    }

    /** Counts the clips of an evaluation. */
    public static Calibration of(MergedScores scores, int binCount) {
        int[] clips = new int[binCount];
        int[] right = new int[binCount];
        double[] sums = new double[binCount];
        int[] predictions = scores.predictions();
        for (int i = 0; i < predictions.length; i++) {
            double confidence = scores.probabilities()[i][predictions[i]];
            int bin = Math.clamp((int) Math.ceil(confidence * binCount) - 1, 0, binCount - 1);
            clips[bin]++;
            sums[bin] += confidence;
            right[bin] += predictions[i] == scores.labels()[i] ? 1 : 0;
        }
        List<Bin> bins = new ArrayList<>();
        for (int b = 0; b < binCount; b++) {
            bins.add(new Bin((double) b / binCount, (b + 1.0) / binCount, clips[b], right[b], sums[b] / clips[b]));
        }
        return new Calibration(bins);
    }

    /** All clips. */
    public int clips() {
        return bins.stream().mapToInt(Bin::clips).sum();
    }

    /**
     * Expected calibration error: the mean over clips of |accuracy - confidence| of their bin, in [0, 1]. Source: Guo et al., On
     * Calibration of Modern Neural Networks, 2017.
     */
    public double expectedError() {
        double sum = 0;
        for (Bin bin : bins) {
            sum += bin.clips() == 0 ? 0 : Math.abs(bin.right() - bin.confidence() * bin.clips());
        }
        return sum / clips();
    }

    /** Mean confidence less accuracy: above 0 the model is too sure of itself. */
    public double overconfidence() {
        double sum = 0;
        for (Bin bin : bins) {
            sum += bin.clips() == 0 ? 0 : bin.confidence() * bin.clips() - bin.right();
        }
        return sum / clips();
    }
}
