package org.s2d.train;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.ToDoubleFunction;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.report.Reported;
import org.s2d.report.ResultTable;

/**
 * UAR and WAR per fold and their mean, in percent as the authors' table has them, and published results in further columns.
 *
 * @param folds how many there are to be
 * @param matrices of the finished ones, by number
 * @param reported published results
 */
record FoldTable(int folds, SortedMap<Integer, ConfusionMatrix> matrices, List<Reported> reported) {
    /** Mean and standard deviation over folds (n - 1; NaN for a single one), parts of 1. */
    record Summary(double mean, double deviation) {
        static Summary of(Collection<ConfusionMatrix> matrices, ToDoubleFunction<ConfusionMatrix> score) {
            double mean = matrices.stream().mapToDouble(score).average().orElse(Double.NaN);
            double squares = matrices.stream()
                    .mapToDouble(matrix -> Math.pow(score.applyAsDouble(matrix) - mean, 2))
                    .sum();
            return new Summary(mean, matrices.size() < 2 ? Double.NaN : Math.sqrt(squares / (matrices.size() - 1)));
        }
    }

    Summary uar() {
        return Summary.of(matrices.values(), ConfusionMatrix::uar);
    }

    Summary war() {
        return Summary.of(matrices.values(), ConfusionMatrix::war);
    }

    private List<String> variants() {
        return reported.stream().map(Reported::variant).distinct().toList();
    }

    private ResultTable table() {
        List<String> header = new ArrayList<>(List.of("", "UAR", "WAR"));
        variants().forEach(variant -> header.addAll(List.of("UAR " + variant, "WAR " + variant)));
        List<List<String>> rows = new ArrayList<>();
        for (Map.Entry<Integer, ConfusionMatrix> fold : matrices.entrySet()) {
            ConfusionMatrix matrix = fold.getValue();
            rows.add(row("fold " + fold.getKey(), matrix.uar(), matrix.war(), fold.getKey()));
        }
        String mean = matrices.size() == folds ? "mean" : "mean of " + matrices.size() + " of " + folds;
        rows.add(row(mean, uar().mean(), war().mean(), 0));
        if (matrices.size() > 1) {
            rows.add(row("standard deviation", uar().deviation(), war().deviation(), -1));
        }
        return new ResultTable(header, rows);
    }

    /** @param fold of the published results; 0 for their means */
    private List<String> row(String name, double uar, double war, int fold) {
        List<String> row = new ArrayList<>(List.of(name, percent(uar), percent(war)));
        for (String variant : variants()) {
            Reported found = reported.stream()
                    .filter(candidate -> candidate.variant().equals(variant) && candidate.fold() == fold)
                    .findFirst()
                    .orElse(null);
            row.add(found == null ? "" : percent(found.uar()));
            row.add(found == null ? "" : percent(found.war()));
        }
        return row;
    }

    private static String percent(double part) {
        return Double.isNaN(part) ? "" : String.format(Locale.ROOT, "%.2f", 100 * part);
    }

    /** For people: the table and where the published figures are from. */
    String text() {
        StringBuilder text =
                new StringBuilder("Test clips, in percent. UAR: mean recall of the classes; WAR: accuracy.\n\n");
        text.append(table().text());
        List<String> sources =
                reported.stream().map(Reported::source).distinct().toList();
        if (!sources.isEmpty()) {
            text.append("\nPublished figures: ")
                    .append(String.join("; ", sources))
                    .append(".\n");
        }
        return text.toString();
    }

    String csv() {
        return table().csv();
    }
}
