package org.s2d.train.results;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.report.Chart;
import org.s2d.report.ConfusionMatrixChart;
import org.s2d.report.Figure;
import org.s2d.report.LineChart;
import org.s2d.report.LineChart.Series;
import org.s2d.report.RunLog;
import org.s2d.report.page.ReportPage;

/** Draws a run's logs. */
public final class RunPictures {
    private static final double SMOOTHING = 0.9;
    private static final int POINTS = 1500;

    private RunPictures() {}

    /** {@code curves.png}: losses, learning rate, gradient norm and validation scores. */
    public static void curves(RunFolder folder) {
        List<Chart> charts = List.copyOf(charts(folder));
        if (!charts.isEmpty()) {
            new Figure("", 2, charts).write(folder.file("curves.png"));
        }
    }

    /** The charts of {@code curves.png}; none before the first step, or without logs. */
    static List<LineChart> charts(RunFolder folder) {
        if (!Files.exists(folder.file(RunRecords.STEPS + ".jsonl"))) {
            return List.of();
        }
        List<JsonNode> steps = RunLog.read(folder.file(RunRecords.STEPS + ".jsonl"));
        List<JsonNode> epochs = RunLog.read(folder.file(RunRecords.EPOCHS + ".jsonl"));
        if (steps.isEmpty()) {
            return List.of();
        }
        double[] x = RunLog.column(steps, RunLog.STEP);
        double[] epochX = RunLog.column(epochs, RunLog.STEP);
        List<Series> losses = new ArrayList<>();
        losses.add(new Series("train", x, RunLog.column(steps, "loss"), SMOOTHING));
        if (!epochs.isEmpty()) {
            losses.add(new Series("validation", epochX, RunLog.column(epochs, "val_loss")));
        }
        List<LineChart> charts = new ArrayList<>();
        charts.add(new LineChart("Loss", "step", "cross-entropy", losses));
        if (!epochs.isEmpty()) {
            charts.add(new LineChart(
                    "Validation",
                    "step",
                    "",
                    List.of(
                            new Series("UAR", epochX, RunLog.column(epochs, "val_uar")),
                            new Series("WAR", epochX, RunLog.column(epochs, "val_war")),
                            new Series("training accuracy", epochX, RunLog.column(epochs, "train_accuracy")))));
        }
        charts.add(
                new LineChart("Learning rate", "step", "", List.of(new Series("lr", x, RunLog.column(steps, "lr")))));
        charts.add(new LineChart(
                        "Gradient norm",
                        "step",
                        "",
                        List.of(new Series("norm", x, RunLog.column(steps, "grad_norm"), SMOOTHING)))
                .withScale(LineChart.Scale.LOG));
        return charts;
    }

    /** A column of a log over its steps; none where the run has no such log or no row in it. */
    static Optional<Series> column(RunFolder folder, String log, String column) {
        Path file = folder.file(log + ".jsonl");
        List<JsonNode> rows = Files.exists(file) ? RunLog.read(file) : List.of();
        return rows.isEmpty()
                ? Optional.empty()
                : Optional.of(new Series(column, RunLog.column(rows, RunLog.STEP), RunLog.column(rows, column)));
    }

    /** A chart for a page: smaller, without a title of its own. */
    static ReportPage.Drawing drawing(LineChart chart) {
        List<String> ends = chart.series().stream()
                .filter(series -> series.y().length > 0)
                .map(RunPictures::ends)
                .toList();
        String description = chart.title() + " by " + chart.xLabel() + ": " + String.join("; ", ends) + ".";
        LineChart small = chart.withTitle("").withSize(LineChart.Size.COMPACT).reduced(POINTS);
        return new ReportPage.Drawing(chart.title(), small, String.join("; ", ends), description);
    }

    private static String ends(Series series) {
        double[] y = series.smoothed();
        String smoothed = series.smoothing() > 0 ? " (smoothed)" : "";
        return String.format(Locale.ROOT, "%s from %.4g to %.4g%s", series.name(), first(y), last(y), smoothed);
    }

    private static double first(double[] values) {
        return Arrays.stream(values).filter(Double::isFinite).findFirst().orElse(Double.NaN);
    }

    private static double last(double[] values) {
        return Arrays.stream(values)
                .filter(Double::isFinite)
                .reduce((a, b) -> b)
                .orElse(Double.NaN);
    }

    /** A confusion matrix as a picture. */
    public static void confusion(Path file, String title, List<String> labels, ConfusionMatrix matrix) {
        new ConfusionMatrixChart(title, labels, matrix.counts()).write(file);
    }
}
