package org.s2d.train;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.report.Chart;
import org.s2d.report.ConfusionMatrixChart;
import org.s2d.report.Figure;
import org.s2d.report.LineChart;
import org.s2d.report.LineChart.Series;
import org.s2d.report.RunLog;

/** Draws a run's logs. */
final class RunPictures {
    private static final double SMOOTHING = 0.9;

    private RunPictures() {}

    /** {@code curves.png}: losses, learning rate, gradient norm and validation scores. */
    static void curves(RunFolder folder) {
        List<JsonNode> steps = RunLog.read(folder.file(RunRecords.STEPS + ".jsonl"));
        List<JsonNode> epochs = RunLog.read(folder.file(RunRecords.EPOCHS + ".jsonl"));
        if (steps.isEmpty()) {
            return;
        }
        double[] x = RunLog.column(steps, RunLog.STEP);
        double[] epochX = RunLog.column(epochs, RunLog.STEP);
        List<Series> losses = new ArrayList<>();
        losses.add(new Series("train", x, RunLog.column(steps, "loss"), SMOOTHING));
        if (!epochs.isEmpty()) {
            losses.add(new Series("validation", epochX, RunLog.column(epochs, "val_loss")));
        }
        List<Chart> charts = new ArrayList<>();
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
        new Figure("", 2, charts).write(folder.file("curves.png"));
    }

    /** {@code confusion.png}. */
    static void confusion(RunFolder folder, String title, List<String> labels, ConfusionMatrix matrix) {
        new ConfusionMatrixChart(title, labels, matrix.counts()).write(folder.file("confusion.png"));
    }
}
