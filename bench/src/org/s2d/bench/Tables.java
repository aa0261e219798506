package org.s2d.bench;

import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.s2d.report.BarChart;
import org.s2d.report.LineChart;

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
            if (row.peer() != null) {
                continue;
            }
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
        return out.append(turns(results)).append(scaling(results)).toString();
    }

    private static String turns(Results results) {
        StringBuilder out = new StringBuilder();
        for (Row row : results.rows()) {
            Row.Peer peer = row.peer();
            if (peer == null) {
                continue;
            }
            double[] ratios = row.ratios();
            out.append(String.format(
                    Locale.ROOT,
                    "| %s | %.3f | %.3f to %.3f | %d | %.4g | %.4g | %.0f %% | %.0f %% |%n",
                    row.title(),
                    Row.median(ratios),
                    Row.quartile(ratios, 1),
                    Row.quartile(ratios, 3),
                    ratios.length,
                    row.rate(),
                    row.items() / Row.median(peer.seconds()),
                    100 * row.fraction(),
                    100 * row.peerFraction(peer)));
        }
        return out.isEmpty() ? "" : """

            In turns with a peer, call by call in one process: how many times as long as ours the peer's call beside it took.

            | benchmark | times | quartiles | pairs | ours per second | peer's | ours of the ceiling | peer's |
            |---|---|---|---|---|---|---|---|
            """ + out;
    }

    private static String scaling(Results results) {
        StringBuilder out = new StringBuilder();
        for (Row row : scalingRows(results)) {
            double seconds = 1 / Row.median(row.calls());
            out.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | %.3f | %.3g | %.3g | %.0f %% |%n",
                    row.parameters().get("batch"),
                    row.parameters().getOrDefault("threads", "all"),
                    row.parameters().get("precision"),
                    row.flops() / 1e12,
                    seconds,
                    seconds / row.flops() * 1e12,
                    100 * row.fraction()));
        }
        return out.isEmpty() ? "" : """

            Time over work:

            | clips x frames x pixels | threads | precision | TFLOP | seconds | per TFLOP | of the ceiling |
            |---|---|---|---|---|---|---|
            """ + out;
    }

    private static List<Row> scalingRows(Results results) {
        return results.rows().stream()
                .filter(row -> row.name().equals("scaling"))
                .sorted(Comparator.comparingDouble(Row::flops))
                .toList();
    }

    /** Time over work, a line for each number of threads and precision. */
    static LineChart scalingChart(Results results) {
        Map<String, List<Row>> lines = scalingRows(results).stream()
                .collect(Collectors.groupingBy(
                        row -> row.parameters().getOrDefault("threads", "all") + " threads, "
                                + row.parameters().get("precision"),
                        TreeMap::new,
                        Collectors.toList()));
        return new LineChart(
                "Inference, " + results.machine().get("processor"),
                "TFLOP of the batch",
                "seconds",
                lines.entrySet().stream()
                        .map(line -> new LineChart.Series(
                                line.getKey(),
                                line.getValue().stream()
                                        .mapToDouble(row -> row.flops() / 1e12)
                                        .toArray(),
                                line.getValue().stream()
                                        .mapToDouble(row -> 1 / Row.median(row.calls()))
                                        .toArray()))
                        .toList());
    }

    private static String known(String format, double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
    }

    /** How much of the ceiling each benchmark reaches. */
    static BarChart chart(Results results) {
        List<Row> rows = results.rows().stream()
                .filter(row -> row.peer() == null && !Double.isNaN(row.fraction()))
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
     * Both files beside each other. Where there is a peer in turns the ratios are compared, else where there is a ceiling its fractions, since the
     * machine may have been slower; a verdict needs a change beyond both files' spreads together and {@link #LEAST_CHANGE}.
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
            double[] now = comparable(row, earlier);
            double[] then = comparable(earlier, row);
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

    private static double[] comparable(Row row, Row other) {
        if (row.peer() != null && other.peer() != null) {
            return row.ratios();
        }
        return Double.isNaN(row.fraction()) || Double.isNaN(other.fraction()) ? row.calls() : row.fractions();
    }
}
