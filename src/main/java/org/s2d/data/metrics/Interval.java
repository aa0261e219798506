package org.s2d.data.metrics;

import java.util.Arrays;
import java.util.function.ToDoubleFunction;
import org.s2d.data.random.RandomStream;

/** A 95 % confidence interval. */
public record Interval(double low, double high) {
    private static final double Z = 1.959963984540054;

    /** Wilson's interval for a part of independent samples, such as WAR. NaN without samples. */
    public static Interval wilson(long correct, long total) {
        double p = (double) correct / total;
        double square = Z * Z / total;
        double centre = (p + square / 2) / (1 + square);
        double half = Z * Math.sqrt(p * (1 - p) / total + square / (4 * total)) / (1 + square);
        // The formula gives these two bounds exactly but for rounding.
        return new Interval(correct == 0 ? 0 : centre - half, correct == total ? 1 : centre + half);
    }

    /**
     * Bootstrap: samples are drawn with replacement within each class, so that no class gets lost; the middle 95 % of the
     * statistic. For any score of a confusion matrix, such as {@link ConfusionMatrix#uar}.
     */
    public static Interval bootstrap(
            ConfusionMatrix matrix, ToDoubleFunction<ConfusionMatrix> statistic, int rounds, long seed) {
        RandomStream stream = RandomStream.of(seed);
        int samples = Math.toIntExact(matrix.total());
        double[] values = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            int[] labels = new int[samples];
            int[] predictions = new int[samples];
            int at = 0;
            for (int c = 0; c < matrix.classes(); c++) {
                int support = Math.toIntExact(matrix.support(c));
                for (int i = 0; i < support; i++, at++) {
                    labels[at] = c;
                    predictions[at] = predictionAt(matrix, c, stream.nextInt(support));
                }
            }
            values[round] = statistic.applyAsDouble(ConfusionMatrix.of(labels, predictions, matrix.classes()));
        }
        return middle(values);
    }

    /** The middle 95 % of some values, which get sorted. */
    static Interval middle(double[] values) {
        Arrays.sort(values);
        return new Interval(quantile(values, 0.025), quantile(values, 0.975));
    }

    private static int predictionAt(ConfusionMatrix matrix, int truth, long rank) {
        int prediction = 0;
        for (long left = rank; left >= matrix.count(truth, prediction); prediction++) {
            left -= matrix.count(truth, prediction);
        }
        return prediction;
    }

    static double quantile(double[] sorted, double part) {
        double position = part * (sorted.length - 1);
        int below = (int) position;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
