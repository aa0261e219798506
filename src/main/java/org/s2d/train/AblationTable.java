package org.s2d.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.data.metrics.RepeatedScores;
import org.s2d.report.ResultTable;
import org.s2d.tensor.UserException;

/**
 * Variants beside each other: UAR and WAR, and how much better than the first each is on the same clips, with 95 % bootstrap
 * intervals.
 *
 * @param rows one per variant; the first is the one compared with
 * @param clips test clips
 * @param seeds models that each variant is to have
 */
record AblationTable(List<Row> rows, int clips, int seeds) {
    private static final int ROUNDS = 1000;

    /** A mean and its interval, parts of 1. */
    record Figure(double mean, Interval interval) {}

    /** One variant; differences are those to the first row. */
    record Row(String variant, int models, Figure uar, Figure war, Figure uarGain, Figure warGain) {}

    /** Compares results; throws {@link UserException} where the variants were tested on other clips. */
    static AblationTable of(Map<String, List<TestResult>> results, int seeds) {
        List<Row> rows = new ArrayList<>();
        TestResult any = results.values().iterator().next().getFirst();
        RepeatedScores base = scores(
                results.keySet().iterator().next(), results.values().iterator().next(), any);
        results.forEach((variant, tests) -> {
            RepeatedScores own = scores(variant, tests, any);
            rows.add(new Row(
                    variant,
                    tests.size(),
                    figure(own, ConfusionMatrix::uar),
                    figure(own, ConfusionMatrix::war),
                    gain(own, base, ConfusionMatrix::uar),
                    gain(own, base, ConfusionMatrix::war)));
        });
        return new AblationTable(rows, any.ids().size(), seeds);
    }

    private static RepeatedScores scores(String variant, List<TestResult> tests, TestResult any) {
        for (TestResult test : tests) {
            if (!test.ids().equals(any.ids()) || !test.names().equals(any.names())) {
                throw new UserException(
                        "variant '" + variant + "' was tested on other clips or classes than the others; such figures"
                                + " cannot be compared. Leave data.test, data.root and data.labels"
                                + " alike.");
            }
        }
        return new RepeatedScores(
                any.labels(),
                tests.stream().map(TestResult::predictions).toList(),
                any.names().size());
    }

    private static Figure figure(RepeatedScores scores, ToDoubleFunction<ConfusionMatrix> score) {
        return new Figure(scores.mean(score), scores.interval(score, ROUNDS, 0));
    }

    private static Figure gain(RepeatedScores own, RepeatedScores base, ToDoubleFunction<ConfusionMatrix> score) {
        return new Figure(own.mean(score) - base.mean(score), own.difference(base, score, ROUNDS, 0));
    }

    private ResultTable table() {
        String first = rows.getFirst().variant();
        List<List<String>> cells = new ArrayList<>();
        for (Row row : rows) {
            boolean base = row.variant().equals(first);
            cells.add(List.of(
                    row.variant(),
                    Integer.toString(row.models()),
                    shown(row.uar(), ""),
                    shown(row.war(), ""),
                    base ? "" : shown(row.uarGain(), "+"),
                    base ? "" : shown(row.warGain(), "+")));
        }
        return new ResultTable(List.of("variant", "seeds", "UAR", "WAR", "UAR less first", "WAR less first"), cells);
    }

    private static String shown(Figure figure, String sign) {
        String number = "%" + sign + ".1f";
        return String.format(
                Locale.ROOT,
                number + " [" + number + ", " + number + "]",
                100 * figure.mean(),
                100 * figure.interval().low(),
                100 * figure.interval().high());
    }

    /** What the figures are and what they do not say. */
    private String notes() {
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                "In percent, on the same %d test clips. Brackets: 95 %% bootstrap intervals over clips, drawn within"
                        + " each class,",
                clips));
        text.append(
                seeds > 1 ? " and over seeds." : " for the one seed that there is: another seed may differ by more.");
        text.append(" A difference whose interval contains 0 is not shown by these data.");
        long unfinished = rows.stream().filter(row -> row.models() < seeds).count();
        if (unfinished > 0) {
            text.append(' ').append(unfinished).append(" variants are not finished.");
        }
        return text.toString();
    }

    String text() {
        return table().text() + "\n" + notes() + "\n";
    }

    String markdown() {
        return table().markdown() + "\n" + notes() + "\n";
    }

    /** Parts of 1, one column per number. */
    String csv() {
        List<String> header = new ArrayList<>(List.of("variant", "seeds"));
        for (String name : List.of("uar", "war", "uar_gain", "war_gain")) {
            header.addAll(List.of(name, name + "_low", name + "_high"));
        }
        List<List<String>> cells = new ArrayList<>();
        for (Row row : rows) {
            List<String> line = new ArrayList<>(List.of(row.variant(), Integer.toString(row.models())));
            for (Figure figure : List.of(row.uar(), row.war(), row.uarGain(), row.warGain())) {
                for (double value : new double[] {
                    figure.mean(), figure.interval().low(), figure.interval().high()
                }) {
                    line.add(String.format(Locale.ROOT, "%.6f", value));
                }
            }
            cells.add(line);
        }
        return new ResultTable(header, cells).csv();
    }
}
