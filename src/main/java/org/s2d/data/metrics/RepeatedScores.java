package org.s2d.data.metrics;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.s2d.data.random.RandomStream;

/**
 * One method's decisions on the same test clips by several models, which differ in their seed.
 *
 * @param labels true classes
 * @param predictions one row of decisions per model
 */
@SuppressWarnings("ArrayRecordComponent") // only read
public record RepeatedScores(int[] labels, List<int[]> predictions, int classes) {
    public RepeatedScores {
        predictions = List.copyOf(predictions);
        for (int[] row : predictions) {
            if (row.length != labels.length) {
                throw new IllegalArgumentException(labels.length + " labels, " + row.length + " predictions");
            }
        }
    }

    /** Mean over the models. */
    public double mean(ToDoubleFunction<ConfusionMatrix> score) {
        return predictions.stream()
                .mapToDouble(row -> score.applyAsDouble(ConfusionMatrix.of(labels, row, classes)))
                .average()
                .orElse(Double.NaN);
    }

    /**
     * 95 % bootstrap interval of the mean: in every round clips are drawn with replacement within each class, and models with
     * replacement. With one model it says nothing about another seed.
     */
    public Interval interval(ToDoubleFunction<ConfusionMatrix> score, int rounds, long seed) {
        return bootstrap(rounds, seed, (clips, models) -> mean(score, clips, models));
    }

    /**
     * The same for how much this method is better than another on the same clips. Both are judged on the same drawn clips, and where
     * they have equally many models, on models of the same places.
     */
    public Interval difference(RepeatedScores other, ToDoubleFunction<ConfusionMatrix> score, int rounds, long seed) {
        if (!Arrays.equals(labels, other.labels)) {
            throw new IllegalArgumentException("the two methods were tested on other clips");
        }
        boolean paired = predictions.size() == other.predictions.size();
        return bootstrap(rounds, seed, (clips, models) -> {
            int[] others = paired ? models : all(other.predictions.size());
            return mean(score, clips, models) - other.mean(score, clips, others);
        });
    }

    private interface Statistic {
        double of(int[] clips, int[] models);
    }

    private Interval bootstrap(int rounds, long seed, Statistic statistic) {
        RandomStream stream = RandomStream.of(seed);
        int[][] members = members();
        double[] values = new double[rounds];
        for (int round = 0; round < rounds; round++) {
            int[] clips = new int[labels.length];
            int at = 0;
            for (int[] ofClass : members) {
                for (int i = 0; i < ofClass.length; i++) {
                    clips[at++] = ofClass[stream.nextInt(ofClass.length)];
                }
            }
            int[] models = new int[predictions.size()];
            for (int i = 0; i < models.length; i++) {
                models[i] = stream.nextInt(models.length);
            }
            values[round] = statistic.of(clips, models);
        }
        return Interval.middle(values);
    }

    private int[][] members() {
        List<List<Integer>> members = new ArrayList<>();
        for (int c = 0; c < classes; c++) {
            members.add(new ArrayList<>());
        }
        for (int i = 0; i < labels.length; i++) {
            members.get(labels[i]).add(i);
        }
        return members.stream()
                .map(list -> list.stream().mapToInt(Integer::intValue).toArray())
                .toArray(int[][]::new);
    }

    private double mean(ToDoubleFunction<ConfusionMatrix> score, int[] clips, int[] models) {
        int[] truths = Arrays.stream(clips).map(i -> labels[i]).toArray();
        double sum = 0;
        for (int model : models) {
            int[] row = predictions.get(model);
            int[] drawn = Arrays.stream(clips).map(i -> row[i]).toArray();
            sum += score.applyAsDouble(ConfusionMatrix.of(truths, drawn, classes));
        }
        return sum / models.length;
    }

    private static int[] all(int count) {
        int[] all = new int[count];
        Arrays.setAll(all, i -> i);
        return all;
    }
}
