package org.s2d.report.page;

import java.util.List;
import java.util.Locale;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;

/** An evaluation as tables. */
final class ResultTables {
    /** From this share of a row on a cell is so dark that its text must be light. */
    private static final double DEEP = 0.68;

    private ResultTables() {}

    static String percent(double part) {
        return Double.isFinite(part) ? String.format(Locale.ROOT, "%.1f %%", 100 * part) : "–";
    }

    /** Ends of an interval in percent, without the sign. */
    static String percent(Interval interval) {
        return String.format(Locale.ROOT, "%.1f to %.1f", 100 * interval.low(), 100 * interval.high());
    }

    /** Opens a table that scrolls by itself where it is too wide; to be closed twice. */
    static Markup open(Markup at, String caption, String style) {
        at.open("div", "class", "scroll", "role", "region", "tabindex", "0", "aria-label", caption);
        return at.open("table", "class", style).element("caption", caption);
    }

    /** A row of column headings, the table's head. */
    static void head(Markup at, String... names) {
        at.open("thead").open("tr");
        for (String name : names) {
            at.element("th", name, "scope", "col");
        }
        at.close().close();
    }

    static Markup classes(List<String> labels, ConfusionMatrix matrix) {
        Markup table = open(new Markup(), "Recall, precision and F1 of each class", "classes");
        head(table, "Class", "Clips", "Recall", "95 % interval", "", "Precision", "F1");
        table.open("tbody");
        for (int c = 0; c < matrix.classes(); c++) {
            long support = matrix.support(c);
            Interval interval = Interval.wilson(matrix.count(c, c), support);
            table.open("tr").element("th", labels.get(c), "scope", "row").element("td", "" + support);
            table.element("td", support == 0 ? "–" : percent(matrix.recall(c)), "class", "strong");
            table.element("td", support == 0 ? "no clips" : percent(interval), "class", "quiet");
            table.open("td", "class", "bar");
            if (support > 0) {
                bar(table, matrix.recall(c), interval);
            }
            table.close();
            table.element("td", percent(precision(matrix, c))).element("td", percent(matrix.f1(c)));
            table.close();
        }
        return table.close().close().close();
    }

    private static double precision(ConfusionMatrix matrix, int c) {
        long predicted = 0;
        for (int truth = 0; truth < matrix.classes(); truth++) {
            predicted += matrix.count(truth, c);
        }
        return (double) matrix.count(c, c) / predicted;
    }

    /** Says nothing that the numbers beside it do not. */
    static void bar(Markup at, double value, Interval interval) {
        at.open("div", "aria-hidden", "true");
        at.element("span", "", "style", String.format(Locale.ROOT, "width:%.1f%%", 100 * value));
        at.element(
                "i",
                "",
                "style",
                String.format(
                        Locale.ROOT,
                        "left:%.1f%%;width:%.1f%%",
                        100 * interval.low(),
                        100 * (interval.high() - interval.low())));
        at.close();
    }

    /** Rows are true classes; percent of the row, and the count. */
    static Markup confusion(List<String> labels, ConfusionMatrix matrix) {
        Markup table = open(
                new Markup(),
                "Rows: true class. Columns: predicted class. Percent of the row, and the count.",
                "confusion");
        table.open("thead").open("tr").element("td", "true ↓  predicted →", "class", "corner");
        for (String label : labels) {
            table.open("th", "scope", "col").element("span", label).close();
        }
        table.close().close().open("tbody");
        for (int truth = 0; truth < matrix.classes(); truth++) {
            table.open("tr").element("th", labels.get(truth), "scope", "row");
            for (int predicted = 0; predicted < matrix.classes(); predicted++) {
                cell(table, matrix, truth, predicted);
            }
            table.close();
        }
        return table.close().close().close();
    }

    private static void cell(Markup table, ConfusionMatrix matrix, int truth, int predicted) {
        long support = matrix.support(truth);
        if (support == 0) {
            table.element("td", "–", "class", "none");
            return;
        }
        double share = (double) matrix.count(truth, predicted) / support;
        String style = (share >= DEEP ? "deep" : "") + (truth == predicted ? " right" : "");
        table.open("td", "class", style.strip(), "style", String.format(Locale.ROOT, "--share:%.1f%%", 100 * share));
        table.element("b", String.format(Locale.ROOT, share > 0 && share < 0.0995 ? "%.1f" : "%.0f", 100 * share));
        table.element("small", "" + matrix.count(truth, predicted)).close();
    }
}
