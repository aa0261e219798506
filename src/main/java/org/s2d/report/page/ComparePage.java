package org.s2d.report.page;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.data.metrics.PairedScores;
import org.s2d.report.page.ReportPage.Drawing;

/**
 * Runs side by side; the first is what the others are measured against.
 *
 * @param labels the classes of all runs
 * @param settings keys on which the runs differ, with the value of each run
 * @param curves of all runs in one chart each
 */
public record ComparePage(
        List<Run> runs, List<String> labels, Map<String, List<String>> settings, List<Drawing> curves) {
    /**
     * One run.
     *
     * @param calibrationError expected calibration error
     * @param difference from the first run; null for that itself
     */
    public record Run(
            String name,
            ConfusionMatrix matrix,
            Interval uar,
            Interval war,
            double calibrationError,
            @Nullable Difference difference) {}

    /**
     * A run less the first, on the clips that both have seen.
     *
     * @param decided whether McNemar's p is below 0.05
     */
    public record Difference(
            int clips,
            double uar,
            Interval uarInterval,
            double war,
            Interval warInterval,
            PairedScores.McNemar test,
            boolean decided) {}

    /** The page. */
    public String html() {
        List<String> names = runs.stream().map(Run::name).toList();
        String title = String.join(", ", names.subList(0, names.size() - 1)) + " and " + names.getLast();
        String lead = runs.size() + " runs; each is measured against "
                + runs.getFirst().name() + " on the clips that both have seen.";
        Page page = new Page("S2D comparison of runs", title, lead);
        page.section("results", "Results", results());
        page.section("differences", "Differences", differences());
        page.section("classes", "Recall per class", classes());
        if (!curves.isEmpty()) {
            page.section("training", "Training", curveCharts());
        }
        if (!settings.isEmpty()) {
            page.section("settings", "Settings that differ", settingTable());
        }
        return page.html("Written by s2d compare. The same figures: compare.csv.");
    }

    private Markup results() {
        Markup table = ResultTables.open(new Markup(), "Test results with 95 % intervals", "classes");
        ResultTables.head(table, "Run", "Clips", "UAR", "95 % interval", "", "WAR", "95 % interval", "Macro F1", "ECE");
        table.open("tbody");
        for (Run run : runs) {
            table.open("tr").element("th", run.name(), "scope", "row");
            table.element("td", "" + run.matrix().total());
            table.element("td", ResultTables.percent(run.matrix().uar()), "class", "strong");
            table.element("td", ResultTables.percent(run.uar()), "class", "quiet")
                    .open("td", "class", "bar");
            ResultTables.bar(table, run.matrix().uar(), run.uar());
            table.close().element("td", ResultTables.percent(run.matrix().war()), "class", "strong");
            table.element("td", ResultTables.percent(run.war()), "class", "quiet");
            table.element("td", ResultTables.percent(run.matrix().macroF1()));
            table.element("td", ResultTables.percent(run.calibrationError())).close();
        }
        table.close().close().close();
        return table.element(
                "p",
                "UAR: mean recall over the classes, interval by bootstrap within classes. WAR: accuracy, Wilson's"
                        + " interval. ECE: expected calibration error, 10 bins.",
                "class",
                "quiet");
    }

    private Markup differences() {
        String first = runs.getFirst().name();
        Markup table = ResultTables.open(new Markup(), "Each run less " + first + ", in percentage points", "plain");
        ResultTables.head(
                table, "Run", "Common clips", "UAR", "95 %", "WAR", "95 %", "Only it right", "Only the first", "p");
        table.open("tbody");
        List<String> verdicts = new ArrayList<>();
        for (Run run : runs) {
            Difference difference = run.difference();
            if (difference != null) {
                table.open("tr").element("th", run.name(), "scope", "row");
                row(table, difference);
                table.close();
                verdicts.add(verdict(run.name(), first, difference));
            }
        }
        table.close().close().close();
        verdicts.forEach(verdict -> table.element("p", verdict));
        return table.element(
                "p",
                "Intervals: paired bootstrap, the same clips drawn for both runs, within classes. p: McNemar's exact"
                        + " test on the clips that only one of the two has right"
                        + (runs.size() > 2 ? "; not corrected for several comparisons." : "."),
                "class",
                "quiet");
    }

    private static void row(Markup table, Difference difference) {
        if (difference.clips() == 0) {
            table.element("td", "0").element("td", "no common clips", "colspan", "7", "class", "none");
            return;
        }
        table.element("td", "" + difference.clips());
        table.element("td", points(difference.uar()), "class", "strong");
        table.element("td", points(difference.uarInterval()), "class", "quiet");
        table.element("td", points(difference.war()), "class", "strong");
        table.element("td", points(difference.warInterval()), "class", "quiet");
        table.element("td", "" + difference.test().onlySecond());
        table.element("td", "" + difference.test().onlyFirst());
        table.element("td", String.format(Locale.ROOT, "%.2g", difference.test().p()));
    }

    private static String verdict(String run, String first, Difference difference) {
        if (difference.clips() == 0) {
            return run + " and " + first + " have seen no common clip: they cannot be compared.";
        }
        if (!difference.decided()) {
            return String.format(
                    Locale.ROOT,
                    "Between %s and %s these %,d clips show no difference in accuracy that chance would not explain.",
                    run,
                    first,
                    difference.clips());
        }
        boolean better = difference.test().onlySecond() > difference.test().onlyFirst();
        return String.format(
                Locale.ROOT,
                "%s is %s than %s: of the %,d clips that only one of the two has right, it has %,d.",
                run,
                better ? "better" : "worse",
                first,
                difference.test().onlyFirst() + difference.test().onlySecond(),
                difference.test().onlySecond());
    }

    private static String points(double difference) {
        return String.format(Locale.ROOT, "%+.1f", 100 * difference).replace('-', '−');
    }

    private static String points(Interval interval) {
        return points(interval.low()) + " to " + points(interval.high());
    }

    private Markup classes() {
        Markup table = ResultTables.open(new Markup(), "Recall; the best of each class is bold", "plain");
        List<String> head = new ArrayList<>(List.of("Class"));
        runs.forEach(run -> head.add(run.name()));
        ResultTables.head(table, head.toArray(String[]::new));
        table.open("tbody");
        for (int c = 0; c < labels.size(); c++) {
            int label = c;
            double best = runs.stream()
                    .mapToDouble(run -> run.matrix().recall(label))
                    .filter(Double::isFinite)
                    .max()
                    .orElse(Double.NaN);
            table.open("tr").element("th", labels.get(c), "scope", "row");
            for (Run run : runs) {
                double recall = run.matrix().recall(c);
                table.element("td", ResultTables.percent(recall), "class", recall == best ? "strong" : "");
            }
            table.close();
        }
        return table.close().close().close();
    }

    private Markup settingTable() {
        Markup table = ResultTables.open(new Markup(), "Keys of the configuration", "keys plain");
        List<String> head = new ArrayList<>(List.of("Key"));
        runs.forEach(run -> head.add(run.name()));
        ResultTables.head(table, head.toArray(String[]::new));
        table.open("tbody");
        settings.forEach((key, values) -> {
            table.open("tr").element("th", key, "scope", "row");
            values.forEach(value -> table.element("td", value));
            table.close();
        });
        return table.close().close().close();
    }

    private Markup curveCharts() {
        Markup at = new Markup().open("div", "class", "pair");
        for (int i = 0; i < curves.size(); i++) {
            ReportPage.drawing(at, "curve" + i, curves.get(i));
        }
        return at.close();
    }
}
