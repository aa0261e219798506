package org.s2d.report.page;

import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import org.s2d.data.metrics.ConfusionMatrix;

/** What an evaluation's figures say, in sentences. */
final class Reading {
    private Reading() {}

    static String of(ReportPage.Results results) {
        ConfusionMatrix matrix = results.matrix();
        List<String> labels = results.labels();
        List<Integer> present = IntStream.range(0, matrix.classes())
                .filter(c -> matrix.support(c) > 0)
                .boxed()
                .toList();
        int best =
                present.stream().max(Comparator.comparingDouble(matrix::recall)).orElseThrow();
        int worst =
                present.stream().min(Comparator.comparingDouble(matrix::recall)).orElseThrow();
        long most = present.stream().mapToLong(matrix::support).max().orElse(0);
        StringBuilder words = new StringBuilder(String.format(
                Locale.ROOT,
                "Right on %,d of %,d %s; always naming the most frequent class would be right on %,d (UAR %.1f %%).",
                matrix.correct(),
                matrix.total(),
                results.items(),
                most,
                100.0 / present.size()));
        if (best != worst) {
            words.append(String.format(
                    Locale.ROOT,
                    " Best recognised: %s (%.0f %%); worst: %s (%.0f %%).",
                    labels.get(best),
                    100 * matrix.recall(best),
                    labels.get(worst),
                    100 * matrix.recall(worst)));
        }
        confusion(words, labels, matrix);
        if (!matrix.absentClasses().isEmpty()) {
            words.append(" No ")
                    .append(results.items())
                    .append(" of ")
                    .append(String.join(
                            ", ",
                            matrix.absentClasses().stream().map(labels::get).toList()))
                    .append("; UAR is over the others.");
        }
        return words.toString();
    }

    /** The mistake that takes the largest part of a class, among classes of ten clips and more. */
    private static void confusion(StringBuilder words, List<String> labels, ConfusionMatrix matrix) {
        int truth = -1;
        int taken = -1;
        double largest = 0;
        for (int t = 0; t < matrix.classes(); t++) {
            for (int p = 0; p < matrix.classes(); p++) {
                double share = (double) matrix.count(t, p) / matrix.support(t);
                if (t != p && matrix.support(t) >= 10 && share > largest) {
                    truth = t;
                    taken = p;
                    largest = share;
                }
            }
        }
        if (truth >= 0) {
            words.append(String.format(
                    Locale.ROOT,
                    " The commonest confusion: %s taken for %s (%d of %d).",
                    labels.get(truth),
                    labels.get(taken),
                    matrix.count(truth, taken),
                    matrix.support(truth)));
        }
    }
}
