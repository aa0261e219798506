package org.s2d.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.s2d.report.BarChart;

/** Results as Markdown tables and as a chart. */
final class Tables {
    /** Below this a change is never called one, however quiet the runs were. */
    private static final double LEAST_CHANGE = 0.05;

    private Tables() {}

    static String markdown(Results results) {
        StringBuilder out = new StringBuilder(String.format(
                Locale.ROOT,
                "%s, %s cores, Java %s; %s; load %s. Medians; the ceiling is a large product or copy just before and"
                        + " after each iteration.%n%n",
                results.machine().get("processor"),
                results.machine().get("cores"),
                results.versions().get("java"),
                results.date(),
                results.settings().get("load")));
        out.append("| benchmark | per second | ± | per core second | GFLOP/s or GB/s | of the ceiling | peak MiB |\n");
        out.append("|---|---|---|---|---|---|---|\n");
        for (Row row : results.rows()) {
            double work = row.rate() / row.items() * Math.max(row.flops(), row.bytes()) / 1e9;
            out.append(String.format(
                    Locale.ROOT,
                    "| %s | %.4g | %.0f %% | %.4g | %s | %s | %s |%n",
                    row.title(),
                    row.rate(),
                    100 * Row.spread(row.calls()),
                    row.rate() / Row.median(row.cores()),
                    work == 0 ? "" : known("%.1f", work),
                    known("%.0f %%", 100 * row.fraction()),
                    known("%.0f", Row.median(row.resident()) / (1 << 20))));
        }
        return out.toString();
    }

    private static String known(String format, double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
    }

    /** How much of the ceiling each benchmark reaches. */
    static BarChart chart(Results results) {
        List<Row> rows = results.rows().stream()
                .filter(row -> !Double.isNaN(row.fraction()))
                .toList();
        double[] values =
                rows.stream().mapToDouble(row -> Math.min(1, row.fraction())).toArray();
        return new BarChart(
                "Rate reached, " + results.machine().get("processor"),
                "% of the product or copy rate around it",
                rows.stream().map(Row::title).toList(),
                List.of(new BarChart.Series("rate", values)));
    }

    /**
     * Both files beside each other. Where there is a ceiling its fractions are compared, since the machine may have been slower; a verdict needs
     * a change beyond both files' spreads together and {@link #LEAST_CHANGE}.
     */
    static String comparison(Results before, Results after) {
        Map<String, Row> old = new HashMap<>();
        before.rows().forEach(row -> old.put(row.title(), row));
        StringBuilder out = new StringBuilder(
                "| benchmark | before | after | change | noise | verdict |\n|---|---|---|---|---|---|\n");
        for (Row row : after.rows()) {
            Row earlier = old.remove(row.title());
            if (earlier == null) {
                out.append("| ").append(row.title()).append(" | | | | | new |\n");
                continue;
            }
            boolean byCeiling = !Double.isNaN(row.fraction()) && !Double.isNaN(earlier.fraction());
            double[] now = byCeiling ? row.fractions() : row.calls();
            double[] then = byCeiling ? earlier.fractions() : earlier.calls();
            double change = Row.median(now) / Row.median(then) - 1;
            double noise = 2 * Math.hypot(Row.spread(now), Row.spread(then));
            String verdict =
                    Math.abs(change) <= Math.max(noise, LEAST_CHANGE) ? "same" : change > 0 ? "faster" : "slower";
            out.append(String.format(
                    Locale.ROOT,
                    "| %s | %.4g | %.4g | %+.0f %% | %.0f %% | %s |%n",
                    row.title(),
                    Row.median(then),
                    Row.median(now),
                    100 * change,
                    100 * noise,
                    verdict));
        }
        old.values().forEach(row -> out.append("| ").append(row.title()).append(" | | | | | gone |\n"));
        return out.toString();
    }
}
