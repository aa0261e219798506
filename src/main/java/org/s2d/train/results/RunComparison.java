package org.s2d.train.results;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.data.prepare.Progress;
import org.s2d.report.Chart;
import org.s2d.report.Figure;
import org.s2d.report.LineChart;
import org.s2d.report.LineChart.Series;
import org.s2d.report.page.ComparePage;
import org.s2d.report.page.ReportPage.Drawing;
import org.s2d.tensor.UserException;

/** Runs side by side: their scores with intervals, each one's difference from the first on the same clips, configurations and curves. */
public final class RunComparison {
    /** Keys that say where things lie. */
    private static final Set<String> PLACES = Set.of("train.output_dir");

    private final List<ComparedRun> runs;
    private final List<ComparedRun.Difference> differences;

    private RunComparison(List<ComparedRun> runs, List<ComparedRun.Difference> differences) {
        this.runs = runs;
        this.differences = differences;
    }

    /** Reads runs; throws {@link UserException} for a folder without predictions, and for runs with other classes than the first. */
    public static RunComparison of(List<Path> folders, Progress progress) {
        if (folders.size() < 2) {
            throw new UserException("compare: " + folders.size() + " run given, at least 2 are needed.");
        }
        List<String> names = names(folders);
        List<ComparedRun> runs = new ArrayList<>();
        List<ComparedRun.Difference> differences = new ArrayList<>();
        for (int i = 0; i < folders.size(); i++) {
            runs.add(ComparedRun.read(folders.get(i), names.get(i)));
            if (i > 0) {
                differences.add(runs.get(i).against(runs.getFirst()));
            }
            progress.advanced(i + 1, folders.size());
        }
        return new RunComparison(runs, differences);
    }

    /** Last names where they tell the runs apart, else whole paths. */
    private static List<String> names(List<Path> folders) {
        List<String> last = folders.stream()
                .map(folder ->
                        String.valueOf(folder.toAbsolutePath().normalize().getFileName()))
                .toList();
        return Set.copyOf(last).size() == last.size()
                ? last
                : folders.stream().map(Path::toString).toList();
    }

    /** For a terminal. */
    public String text() {
        int width = runs.stream().mapToInt(run -> run.name().length()).max().orElse(3);
        String name = "%-" + Math.max(3, width) + "s";
        StringBuilder text = new StringBuilder(String.format(
                Locale.ROOT,
                name + "  clips  UAR     95 %%              WAR     95 %%              F1      ECE%n",
                "run"));
        for (ComparedRun run : runs) {
            text.append(String.format(
                    Locale.ROOT,
                    name + "  %5d  %.4f  %s  %.4f  %s  %.4f  %.4f%n",
                    run.name(),
                    run.matrix().total(),
                    run.matrix().uar(),
                    bracket("%.4f", run.uar()),
                    run.matrix().war(),
                    bracket("%.4f", run.war()),
                    run.matrix().macroF1(),
                    run.calibrationError()));
        }
        text.append(String.format(
                Locale.ROOT,
                "%nless %s, on the clips that both have seen%n",
                runs.getFirst().name()));
        for (int i = 0; i < differences.size(); i++) {
            text.append(difference(name, runs.get(i + 1).name(), differences.get(i)));
        }
        text.append(configurations(name));
        return text.toString();
    }

    private static String difference(String name, String run, ComparedRun.Difference difference) {
        if (difference.pair().clips() == 0) {
            return String.format(Locale.ROOT, name + "  no common clips%n", run);
        }
        return String.format(
                Locale.ROOT,
                name + "  %5d  UAR %+.4f %s  WAR %+.4f %s  only it right %d, only the first %d, McNemar p %.2g%n",
                run,
                difference.pair().clips(),
                difference.pair().difference(ConfusionMatrix::uar),
                bracket("%+.4f", difference.uar()),
                difference.pair().difference(ConfusionMatrix::war),
                bracket("%+.4f", difference.war()),
                difference.test().onlySecond(),
                difference.test().onlyFirst(),
                difference.test().p());
    }

    private static String bracket(String format, Interval interval) {
        return String.format(Locale.ROOT, "[" + format + ", " + format + "]", interval.low(), interval.high());
    }

    private String configurations(String name) {
        StringBuilder text = new StringBuilder();
        differing().forEach((key, values) -> {
            text.append(text.isEmpty() ? String.format("%nsettings that differ%n") : "");
            text.append(key).append(System.lineSeparator());
            for (int i = 0; i < values.size(); i++) {
                text.append(String.format("  " + name + "  %s%n", runs.get(i).name(), values.get(i)));
            }
        });
        return text.toString();
    }

    /** Every key on which not all agree, with each run's value. */
    private Map<String, List<String>> differing() {
        Set<String> keys = new TreeSet<>();
        runs.forEach(run -> keys.addAll(run.config().keySet()));
        keys.removeAll(PLACES);
        Map<String, List<String>> differing = new LinkedHashMap<>();
        for (String key : keys) {
            List<String> values = runs.stream()
                    .map(run -> run.config().getOrDefault(key, "–"))
                    .toList();
            if (Set.copyOf(values).size() > 1) {
                differing.put(key, values);
            }
        }
        return differing;
    }

    /** One row per run; the differences from the first are empty in its own row. */
    public String csv() {
        StringBuilder text = new StringBuilder("run,clips,uar,uar_low,uar_high,war,war_low,war_high,f1_macro,ece,"
                + "common_clips,uar_difference,uar_difference_low,uar_difference_high,"
                + "war_difference,war_difference_low,war_difference_high,only_it_right,only_first_right,mcnemar_p\n");
        for (int i = 0; i < runs.size(); i++) {
            ComparedRun run = runs.get(i);
            text.append(EvaluationFiles.quoted(run.name()))
                    .append(',')
                    .append(run.matrix().total());
            numbers(
                    text,
                    run.matrix().uar(),
                    run.uar().low(),
                    run.uar().high(),
                    run.matrix().war(),
                    run.war().low(),
                    run.war().high(),
                    run.matrix().macroF1(),
                    run.calibrationError());
            if (i == 0) {
                text.append(",,,,,,,,,,\n");
                continue;
            }
            ComparedRun.Difference difference = differences.get(i - 1);
            text.append(',').append(difference.pair().clips());
            numbers(
                    text,
                    difference.pair().difference(ConfusionMatrix::uar),
                    difference.uar().low(),
                    difference.uar().high(),
                    difference.pair().difference(ConfusionMatrix::war),
                    difference.war().low(),
                    difference.war().high());
            text.append(',').append(difference.test().onlySecond());
            text.append(',').append(difference.test().onlyFirst());
            text.append(String.format(Locale.ROOT, ",%.6g%n", difference.test().p()));
        }
        return text.toString();
    }

    private static void numbers(StringBuilder text, double... values) {
        for (double value : values) {
            text.append(Double.isFinite(value) ? String.format(Locale.ROOT, ",%.6f", value) : ",");
        }
    }

    /** Writes {@code compare.html}, {@code compare.csv} and {@code curves.png} into a folder; returns the page. */
    public Path write(Path output) {
        RunFolder folder = RunFolder.create(output.toString());
        folder.writeText("compare.csv", csv());
        List<LineChart> charts = charts();
        if (!charts.isEmpty()) {
            new Figure("", 2, List.<Chart>copyOf(charts)).write(folder.file("curves.png"));
        }
        folder.writeText("compare.html", page(charts).html());
        return folder.file("compare.html");
    }

    private ComparePage page(List<LineChart> charts) {
        List<ComparePage.Run> rows = new ArrayList<>();
        for (int i = 0; i < runs.size(); i++) {
            ComparedRun run = runs.get(i);
            rows.add(new ComparePage.Run(
                    run.name(),
                    run.matrix(),
                    run.uar(),
                    run.war(),
                    run.calibrationError(),
                    i == 0 ? null : shown(differences.get(i - 1))));
        }
        List<Drawing> drawings = charts.stream().map(RunPictures::drawing).toList();
        return new ComparePage(rows, runs.getFirst().predictions().labels(), differing(), drawings);
    }

    private static ComparePage.Difference shown(ComparedRun.Difference difference) {
        return new ComparePage.Difference(
                difference.pair().clips(),
                difference.pair().difference(ConfusionMatrix::uar),
                difference.uar(),
                difference.pair().difference(ConfusionMatrix::war),
                difference.war(),
                difference.test(),
                difference.isDecided());
    }

    /** The runs' curves of the same name in one chart. */
    private List<LineChart> charts() {
        List<LineChart> charts = new ArrayList<>();
        add(charts, "Training loss", "cross-entropy", RunRecords.STEPS, "loss", 0.97);
        add(charts, "Validation loss", "cross-entropy", RunRecords.EPOCHS, "val_loss", 0);
        add(charts, "Validation UAR", "", RunRecords.EPOCHS, "val_uar", 0);
        add(charts, "Validation WAR", "", RunRecords.EPOCHS, "val_war", 0);
        return charts;
    }

    private void add(List<LineChart> charts, String title, String unit, String log, String column, double smoothing) {
        List<Series> series = new ArrayList<>();
        for (ComparedRun run : runs) {
            RunPictures.column(run.folder(), log, column)
                    .ifPresent(found -> series.add(new Series(run.name(), found.x(), found.y(), smoothing)));
        }
        if (!series.isEmpty()) {
            charts.add(new LineChart(title, "step", unit, series));
        }
    }
}
