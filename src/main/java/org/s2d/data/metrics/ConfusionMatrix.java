package org.s2d.data.metrics;

import java.util.ArrayList;
import java.util.List;

/**
 * Counts of (true class, predicted class) and what follows from them. All scores are parts of 1. Classes that occur in no
 * label have no recall: UAR leaves them out (the release gets NaN) and {@link #absentClasses} names them.
 */
public final class ConfusionMatrix {
    private final long[][] counts;

    private ConfusionMatrix(long[][] counts) {
        this.counts = counts;
    }

    /** Counts pairs of true and predicted class. */
    public static ConfusionMatrix of(int[] labels, int[] predictions, int classes) {
        if (labels.length != predictions.length) {
            throw new IllegalArgumentException(labels.length + " labels, " + predictions.length + " predictions");
        }
        long[][] counts = new long[classes][classes];
        for (int i = 0; i < labels.length; i++) {
            counts[labels[i]][predictions[i]]++;
        }
        return new ConfusionMatrix(counts);
    }

    /** The counts of both, which must have the same classes. */
    public ConfusionMatrix plus(ConfusionMatrix other) {
        if (other.classes() != classes()) {
            throw new IllegalArgumentException(classes() + " and " + other.classes() + " classes");
        }
        long[][] sum = counts();
        for (int truth = 0; truth < classes(); truth++) {
            for (int prediction = 0; prediction < classes(); prediction++) {
                sum[truth][prediction] += other.counts[truth][prediction];
            }
        }
        return new ConfusionMatrix(sum);
    }

    public int classes() {
        return counts.length;
    }

    /** How often {@code truth} was taken for {@code prediction}. */
    public long count(int truth, int prediction) {
        return counts[truth][prediction];
    }

    /** Rows are true classes, columns predictions. */
    public long[][] counts() {
        long[][] copy = new long[classes()][];
        for (int c = 0; c < classes(); c++) {
            copy[c] = counts[c].clone();
        }
        return copy;
    }

    /** Samples of a class. */
    public long support(int truth) {
        long sum = 0;
        for (long count : counts[truth]) {
            sum += count;
        }
        return sum;
    }

    private long predicted(int prediction) {
        long sum = 0;
        for (long[] row : counts) {
            sum += row[prediction];
        }
        return sum;
    }

    /** All samples. */
    public long total() {
        long sum = 0;
        for (int c = 0; c < classes(); c++) {
            sum += support(c);
        }
        return sum;
    }

    /** Samples on the diagonal. */
    public long correct() {
        long sum = 0;
        for (int c = 0; c < classes(); c++) {
            sum += counts[c][c];
        }
        return sum;
    }

    /** Weighted average recall: the accuracy. NaN without samples. */
    public double war() {
        return (double) correct() / total();
    }

    /** Recall of a class, its accuracy; NaN when no sample has this label. */
    public double recall(int truth) {
        return (double) counts[truth][truth] / support(truth);
    }

    /** Unweighted average recall over the classes that have samples. */
    public double uar() {
        double sum = 0;
        int present = 0;
        for (int c = 0; c < classes(); c++) {
            if (support(c) > 0) {
                sum += recall(c);
                present++;
            }
        }
        return sum / present;
    }

    /** Classes that no sample has. */
    public List<Integer> absentClasses() {
        List<Integer> absent = new ArrayList<>();
        for (int c = 0; c < classes(); c++) {
            if (support(c) == 0) {
                absent.add(c);
            }
        }
        return absent;
    }

    /** 2 TP / (2 TP + FP + FN); 0 for a class that is neither a label nor a prediction. */
    public double f1(int truth) {
        long both = support(truth) + predicted(truth);
        return both == 0 ? 0 : 2.0 * counts[truth][truth] / both;
    }

    /** Mean of the classes' F1, over those that occur as label or prediction. */
    public double macroF1() {
        double sum = 0;
        int seen = 0;
        for (int c = 0; c < classes(); c++) {
            if (support(c) + predicted(c) > 0) {
                sum += f1(c);
                seen++;
            }
        }
        return sum / seen;
    }

    /** Mean of the classes' F1, weighted by their samples. */
    public double weightedF1() {
        double sum = 0;
        for (int c = 0; c < classes(); c++) {
            sum += f1(c) * support(c);
        }
        return sum / total();
    }

    /** F1 over all decisions together; with one label per sample it is the accuracy. */
    public double microF1() {
        return war();
    }
}
