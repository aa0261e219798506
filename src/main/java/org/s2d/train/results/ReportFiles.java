package org.s2d.train.results;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.data.ClipList;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.report.BarChart;
import org.s2d.report.Chart;
import org.s2d.report.ConfusionMatrixChart;
import org.s2d.report.ContactSheet;
import org.s2d.report.ReliabilityChart;
import org.s2d.report.RunLog;
import org.s2d.report.ScatterChart;
import org.s2d.report.StripSheet;
import org.s2d.report.events.EventFile;
import org.s2d.report.page.ReportPage;
import org.s2d.report.page.ReportPage.Drawing;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.RunInfo;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;

/** Writes a report's parts into their folder, its pictures into an event file, and its page beside the run's other files. */
final class ReportFiles {
    static final String PAGE = "report.html";
    static final String EVENTS = "events.out.tfevents.2.report";

    private final RunFolder run;
    private final RunFolder parts;
    private final RunInfo info;
    private final TrainConfig config;
    private final RunCard card;

    ReportFiles(RunFolder run, RunFolder parts, RunInfo info, TrainConfig config, RunCard card) {
        this.run = run;
        this.parts = parts;
        this.info = info;
        this.config = config;
        this.card = card;
    }

    /** What a model did on clips. */
    record Seen(ClipList list, ReportData data) {}

    Path write(@Nullable Seen seen, AttentionFigure.Drawn attention) {
        List<StripSheet.Block> blocks = attention.blocks();
        Map<String, Chart> charts = new LinkedHashMap<>();
        if (seen != null) {
            Path source = Path.of(seen.list().source());
            EvaluationFiles.write(
                    parts, seen.data().summary(), run.weights(), seen.list().source());
            charts.putAll(charts(seen, String.valueOf(source.getFileName())));
        }
        if (!blocks.isEmpty()) {
            int columns = blocks.getFirst().strips().getFirst().frames().size() == 1 ? 4 : 2;
            boolean reconstructs = config.reconstructs();
            charts.put(
                    reconstructs ? "reconstructions" : "attention",
                    new StripSheet(
                            reconstructs ? "Reconstructions" : "Attention of the last block",
                            "see report.html for what is drawn",
                            columns,
                            blocks));
        }
        charts.forEach((name, chart) -> chart.write(parts.file(name + ".png")));
        writeEvents(seen, charts);
        card.write(
                run,
                seen == null ? null : seen.data().summary(),
                seen == null ? "" : seen.list().source());
        run.writeText(
                PAGE,
                page(
                                seen,
                                new ReportPage.Faces(
                                        config.reconstructs() ? "Reconstructions" : "Attention",
                                        attention.caption(),
                                        blocks))
                        .html());
        return run.file(PAGE);
    }

    private Map<String, Chart> charts(Seen seen, String source) {
        Evaluator.Summary summary = seen.data().summary();
        ConfusionMatrix matrix = summary.matrix();
        Map<String, Chart> charts = new LinkedHashMap<>();
        charts.put("confusion", new ConfusionMatrixChart(source, summary.labels(), matrix.counts()));
        charts.put("recall", recall(summary));
        charts.put(
                "reliability",
                new ReliabilityChart("Reliability, " + source, seen.data().calibration()));
        ReportData.FeatureMap map = seen.data().map();
        if (map != null) {
            ScatterChart scatter = scatter(summary, map);
            charts.put(
                    "tsne",
                    new ScatterChart(
                            "t-SNE of features, " + source,
                            scatter.classNames(),
                            scatter.places(),
                            scatter.classes(),
                            scatter.right()));
            parts.writeText("tsne.csv", coordinates(summary, map));
        }
        List<ContactSheet.Clip> mistakes = seen.data().mistakes();
        if (!mistakes.isEmpty()) {
            int frames = mistakes.getFirst().images().size();
            charts.put(
                    "mistakes",
                    new ContactSheet("Worst mistakes", mistakesCaption(), frames, frames == 1 ? 3 : 2, mistakes));
        }
        return charts;
    }

    private static BarChart recall(Evaluator.Summary summary) {
        ConfusionMatrix matrix = summary.matrix();
        int classes = matrix.classes();
        double[] values = new double[classes];
        double[] low = new double[classes];
        double[] high = new double[classes];
        for (int c = 0; c < classes; c++) {
            Interval interval = Interval.wilson(matrix.count(c, c), matrix.support(c));
            values[c] = matrix.recall(c);
            low[c] = interval.low();
            high[c] = interval.high();
        }
        BarChart.Series series = new BarChart.Series("recall", values, low, high);
        return new BarChart("Recall per class", "recall (%), 95 % interval", summary.labels(), List.of(series))
                .withReference(1.0 / (classes - matrix.absentClasses().size()), "chance");
    }

    private static ScatterChart scatter(Evaluator.Summary summary, ReportData.FeatureMap map) {
        int[] predictions = summary.scores().predictions();
        int[] classes = new int[map.chosen().length];
        boolean[] right = new boolean[classes.length];
        for (int i = 0; i < classes.length; i++) {
            classes[i] = summary.scores().labels()[map.chosen()[i]];
            right[i] = classes[i] == predictions[map.chosen()[i]];
        }
        return new ScatterChart("", summary.labels(), map.places(), classes, right);
    }

    private static String coordinates(Evaluator.Summary summary, ReportData.FeatureMap map) {
        StringBuilder rows = new StringBuilder("id,label,prediction,x,y\n");
        int[] predictions = summary.scores().predictions();
        for (int i = 0; i < map.chosen().length; i++) {
            int at = map.chosen()[i];
            rows.append(EvaluationFiles.quoted(summary.scores().ids().get(at)))
                    .append(',')
                    .append(EvaluationFiles.quoted(
                            summary.labels().get(summary.scores().labels()[at])))
                    .append(',')
                    .append(EvaluationFiles.quoted(summary.labels().get(predictions[at])))
                    .append(String.format(Locale.ROOT, ",%.4f,%.4f%n", map.places()[i][0], map.places()[i][1]));
        }
        return rows.toString();
    }

    private void writeEvents(@Nullable Seen seen, Map<String, Chart> charts) {
        long step = info.position().globalStep();
        try (EventFile events = EventFile.create(run.file(EVENTS), InstantSource.system())) {
            if (!Files.exists(run.file(RunRecords.EVENTS))) {
                // A run of a version that wrote no events.
                addLog(events, RunRecords.STEPS, "step/");
                addLog(events, RunRecords.EPOCHS, "epoch/");
            }
            if (seen != null) {
                ConfusionMatrix matrix = seen.data().summary().matrix();
                events.scalars(step, Map.of("report/uar", matrix.uar(), "report/war", matrix.war()));
            }
            charts.forEach((name, chart) -> addPicture(events, step, name, chart));
        }
    }

    /** The picture is in its file already. */
    private void addPicture(EventFile events, long step, String name, Chart chart) {
        Path file = parts.file(name + ".png");
        try {
            events.png(step, "report/" + name, chart.pixelWidth(), chart.pixelHeight(), Files.readAllBytes(file));
        } catch (IOException e) {
            throw new UserException(file + ": was written and cannot be read (" + e + ").", e);
        }
    }

    private void addLog(EventFile events, String log, String group) {
        Path file = run.file(log + ".jsonl");
        if (!Files.exists(file)) {
            return;
        }
        Instant written = Instant.ofEpochMilli(file.toFile().lastModified());
        for (JsonNode row : RunLog.read(file)) {
            Map<String, Double> values = new LinkedHashMap<>();
            row.properties().forEach(entry -> {
                if (entry.getValue().isNumber() && !entry.getKey().equals(RunLog.STEP)) {
                    values.put(group + entry.getKey(), entry.getValue().asDouble());
                }
            });
            events.scalars(row.get(RunLog.STEP).asLong(), values, written);
        }
    }

    private ReportPage page(@Nullable Seen seen, ReportPage.Faces faces) {
        ReportPage.Results results = null;
        Drawing map = null;
        List<ContactSheet.Clip> mistakes = List.of();
        if (seen != null) {
            Evaluator.Summary summary = seen.data().summary();
            Interval uar = Interval.bootstrap(summary.matrix(), ConfusionMatrix::uar, Evaluator.BOOTSTRAPS, 0);
            results = new ReportPage.Results(
                    seen.list().source(),
                    items(),
                    summary.labels(),
                    summary.matrix(),
                    uar,
                    seen.data().calibration());
            map = drawing(seen.data());
            mistakes = seen.data().mistakes();
        }
        String name = String.valueOf(run.path().toAbsolutePath().normalize().getFileName());
        return new ReportPage(
                name,
                card.sentence(),
                results,
                RunPictures.charts(run).stream().map(RunPictures::drawing).toList(),
                map,
                faces,
                new ReportPage.Mistakes(mistakesCaption(), mistakes),
                card.facts(),
                ConfigReader.flatten(config),
                "Written by s2d report " + run.path() + ". The same figures as files: " + RunReport.FOLDER
                        + "/; the run's log: steps.csv, epochs.csv; for TensorBoard: this folder.");
    }

    private String items() {
        return config.model().numFrames() == 1 ? "photographs" : "clips";
    }

    private String mistakesCaption() {
        String order = config.model().numFrames() == 1 ? "." : "; frames from left to right in time.";
        return "The wrong predictions that the model was surest of, as it saw the faces" + order;
    }

    private @Nullable Drawing drawing(ReportData data) {
        ReportData.FeatureMap map = data.map();
        if (map == null) {
            return null;
        }
        int all = data.summary().scores().ids().size();
        int drawn = map.chosen().length;
        String which =
                drawn == all ? "all " + all + " " + items() : drawn + " of " + all + " " + items() + ", evenly chosen";
        return new Drawing(
                "Features",
                scatter(data.summary(), map),
                "t-SNE (exact, perplexity 30) of the features before the head, " + which
                        + ". Near points have similar features; distances between groups mean little.",
                "Scatter plot of the features by class; tsne.csv has the coordinates.");
    }
}
