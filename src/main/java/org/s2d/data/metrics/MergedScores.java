package org.s2d.data.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * One decision per clip: the mean of its views' probabilities, in the order in which the clips first appear. A view is
 * known by (chunk, split); the same one again, from a sampler that pads its last batch, does not count.
 *
 * @param ids clips
 * @param labels true classes; of several different ones the last
 * @param probabilities one row per clip
 */
@SuppressWarnings("ArrayRecordComponent") // only read
public record MergedScores(List<String> ids, int[] labels, double[][] probabilities) {
    private static final class Sum {
        private final Set<List<Integer>> seen = new HashSet<>();
        private final double[] weighted;
        private int copies;
        private int label;

        Sum(int classes) {
            weighted = new double[classes];
        }

        void add(ViewScore view) {
            if (seen.add(List.of(view.chunk(), view.split()))) {
                double[] probabilities = view.probabilities();
                for (int c = 0; c < weighted.length; c++) {
                    weighted[c] += probabilities[c] * view.copies();
                }
                copies += view.copies();
                label = view.label();
            }
        }

        double[] mean() {
            return Arrays.stream(weighted).map(sum -> sum / copies).toArray();
        }
    }

    /** Merges the views of all clips. All must have equally many logits. */
    public static MergedScores of(List<ViewScore> views) {
        Map<String, Sum> sums = new LinkedHashMap<>();
        for (ViewScore view : views) {
            Sum sum = sums.computeIfAbsent(view.id(), id -> new Sum(view.logits().length));
            if (sum.weighted.length != view.logits().length) {
                throw new IllegalArgumentException(
                        view.id() + ": views with " + sum.weighted.length + " and " + view.logits().length + " logits");
            }
            sum.add(view);
        }
        return new MergedScores(
                new ArrayList<>(sums.keySet()),
                sums.values().stream().mapToInt(sum -> sum.label).toArray(),
                sums.values().stream().map(Sum::mean).toArray(double[][]::new));
    }

    /** The most probable class of every clip; of equal ones the first. */
    public int[] predictions() {
        return Arrays.stream(probabilities).mapToInt(row -> ranked(row)[0]).toArray();
    }

    /** Part of the clips whose label is among the k most probable classes. */
    public double topK(int k) {
        int hits = 0;
        for (int i = 0; i < labels.length; i++) {
            int label = labels[i];
            hits += Arrays.stream(ranked(probabilities[i])).limit(k).anyMatch(c -> c == label) ? 1 : 0;
        }
        return (double) hits / labels.length;
    }

    /** Confusion matrix of {@link #predictions}. */
    public ConfusionMatrix confusion(int classes) {
        return ConfusionMatrix.of(labels, predictions(), classes);
    }

    private static int[] ranked(double[] row) {
        Integer[] order = new Integer[row.length];
        Arrays.setAll(order, c -> c);
        Arrays.sort(order, (a, b) -> Double.compare(row[b], row[a]));
        return Arrays.stream(order).mapToInt(Integer::intValue).toArray();
    }
}
