package org.s2d.data.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.s2d.data.random.RandomStream;

/**
 * The decisions of two models on the clips that both have seen, side by side.
 *
 * @param labels true classes
 * @param first predictions of the first model
 * @param second predictions of the second
 */
@SuppressWarnings("ArrayRecordComponent") // only read
public record PairedScores(int[] labels, int[] first, int[] second, int classes) {
    /** How often exactly one of the two is right, and McNemar's exact two-sided p for the question whether that is chance. */
    public record McNemar(int onlyFirst, int onlySecond, double p) {}

    /** Pairs two evaluations by clip, in the order of the first. Clips with different labels are not paired. */
    public static PairedScores of(MergedScores first, MergedScores second, int classes) {
        Map<String, Integer> places = new HashMap<>();
        for (int i = 0; i < second.ids().size(); i++) {
            places.put(second.ids().get(i), i);
        }
        List<int[]> rows = new ArrayList<>();
        int[] a = first.predictions();
        int[] b = second.predictions();
        for (int i = 0; i < a.length; i++) {
            Integer j = places.get(first.ids().get(i));
            if (j != null && second.labels()[j] == first.labels()[i]) {
                rows.add(new int[] {first.labels()[i], a[i], b[j]});
            }
        }
        return new PairedScores(column(rows, 0), column(rows, 1), column(rows, 2), classes);
    }

    private static int[] column(List<int[]> rows, int column) {
        return rows.stream().mapToInt(row -> row[column]).toArray();
    }

    /** Clips that both have seen. */
    public int clips() {
        return labels.length;
    }

    /** The second model's score less the first's, on the common clips. */
    public double difference(ToDoubleFunction<ConfusionMatrix> score) {
        return score.applyAsDouble(ConfusionMatrix.of(labels, second, classes))
                - score.applyAsDouble(ConfusionMatrix.of(labels, first, classes));
    }

    /** Exact McNemar test: under chance each disagreement is a fair coin. p is 1 without disagreements. */
    public McNemar mcNemar() {
        int onlyFirst = 0;
        int onlySecond = 0;
        for (int i = 0; i < labels.length; i++) {
            boolean a = first[i] == labels[i];
            boolean b = second[i] == labels[i];
            onlyFirst += a && !b ? 1 : 0;
            onlySecond += b && !a ? 1 : 0;
        }
        return new McNemar(onlyFirst, onlySecond, twoSided(Math.min(onlyFirst, onlySecond), onlyFirst + onlySecond));
    }

    /** Twice the probability of at most {@code few} heads in {@code all} throws of a fair coin, at most 1. */
    private static double twoSided(int few, int all) {
        double logCoefficient = 0;
        double tail = 0;
        for (int k = 0; k <= few; k++) {
            tail += Math.exp(logCoefficient - all * Math.log(2));
            logCoefficient += Math.log((double) (all - k) / (k + 1));
        }
        return Math.min(1, 2 * tail);
    }

    /**
     * Paired bootstrap of {@link #difference}: the same clips are drawn for both models, with replacement within each true class, so that no
     * class gets lost; the middle 95 %.
     */
    public Interval bootstrap(ToDoubleFunction<ConfusionMatrix> score, int rounds, long seed) {
        RandomStream stream = RandomStream.of(seed);
        int[][] members = new int[classes][];
        for (int c = 0; c < classes; c++) {
            int label = c;
            members[c] = IntStream.range(0, labels.length)
                    .filter(i -> labels[i] == label)
                    .toArray();
        }
        double[] values = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            values[round] = drawn(members, stream).difference(score);
        }
        Arrays.sort(values);
        return new Interval(Interval.quantile(values, 0.025), Interval.quantile(values, 0.975));
    }

    private PairedScores drawn(int[][] members, RandomStream stream) {
        int[] newLabels = new int[labels.length];
        int[] newFirst = new int[labels.length];
        int[] newSecond = new int[labels.length];
        int at = 0;
        for (int[] group : members) {
            for (int i = 0; i < group.length; i++, at++) {
                int chosen = group[stream.nextInt(group.length)];
                newLabels[at] = labels[chosen];
                newFirst[at] = first[chosen];
                newSecond[at] = second[chosen];
            }
        }
        return new PairedScores(newLabels, newFirst, newSecond, classes);
    }
}
