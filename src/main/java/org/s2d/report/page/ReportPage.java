package org.s2d.report.page;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.data.metrics.Calibration;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.report.Chart;
import org.s2d.report.ContactSheet;
import org.s2d.report.ReliabilityChart;
import org.s2d.report.StripSheet;

/**
 * The report of a run: results first, then what the model sees, then how it was trained.
 *
 * @param name of the run
 * @param lead one sentence: which model, on what
 * @param results null where only the logs were read
 * @param curves of the training
 * @param map of the features; null where there are too few clips
 * @param attention may have no blocks
 * @param mistakes may have no clips
 * @param facts what the run is, as term and description
 * @param configuration every key
 * @param footer how the page was made
 */
public record ReportPage(
        String name,
        String lead,
        @Nullable Results results,
        List<Drawing> curves,
        @Nullable Drawing map,
        Faces attention,
        Mistakes mistakes,
        Map<String, String> facts,
        Map<String, String> configuration,
        String footer) {
    /**
     * An evaluation.
     *
     * @param source the list of clips
     * @param items what its entries are called: clips or photographs
     * @param uar interval of the mean recall
     */
    public record Results(
            String source,
            String items,
            List<String> labels,
            ConfusionMatrix matrix,
            Interval uar,
            Calibration calibration) {}

    /**
     * A chart with its heading and what it shows, in words.
     *
     * @param description for those who cannot see it
     */
    public record Drawing(String name, Chart chart, String caption, String description) {}

    /** Clips with what a model shows of them: attention, or reconstructions. */
    public record Faces(String title, String caption, List<StripSheet.Block> blocks) {}

    /** Clips that were taken for another class, the surest first. */
    public record Mistakes(String caption, List<ContactSheet.Clip> clips) {}

    /** The page. */
    public String html() {
        Page page = new Page("S2D run report", name, lead);
        Results found = results;
        if (found != null) {
            page.section("results", "Results", results(found));
            page.section("classes", "Classes", classes(found));
        }
        if (!mistakes.clips().isEmpty()) {
            page.section("mistakes", "Worst mistakes", mistakeCards());
        }
        if (!attention.blocks().isEmpty()) {
            page.section("attention", attention.title(), attentionCards());
        }
        if (!curves.isEmpty()) {
            page.section("training", "Training", drawings(curves));
        }
        page.section("run", "The run", run());
        return page.html(footer);
    }

    private Markup results(Results found) {
        ConfusionMatrix matrix = found.matrix();
        Markup at = new Markup().open("div", "class", "tiles");
        tile(at, "UAR, mean recall", ResultTables.percent(matrix.uar()), ResultTables.percent(found.uar()) + " (95 %)");
        Interval war = Interval.wilson(matrix.correct(), matrix.total());
        tile(at, "WAR, accuracy", ResultTables.percent(matrix.war()), ResultTables.percent(war) + " (95 %)");
        tile(at, "Macro F1", ResultTables.percent(matrix.macroF1()), "mean of the classes' F1");
        double error = found.calibration().expectedError();
        double over = found.calibration().overconfidence();
        String sureness = String.format(
                Locale.ROOT, "%s by %.1f %%", over > 0 ? "too sure" : "not sure enough", 100 * Math.abs(over));
        tile(at, "Calibration error", ResultTables.percent(error), sureness);
        at.close().element("p", Reading.of(found), "class", "reading");
        at.element(
                "p",
                String.format(
                        Locale.ROOT,
                        "%,d %s of %s. 95 %% intervals: bootstrap within classes for UAR, Wilson's for the others.",
                        matrix.total(),
                        found.items(),
                        found.source()),
                "class",
                "quiet");
        return at;
    }

    private static void tile(Markup at, String name, String value, String note) {
        at.open("div").element("h3", name).element("p", value, "class", "figure");
        at.element("p", note, "class", "quiet").close();
    }

    private Markup classes(Results found) {
        Markup at = new Markup()
                .add(ResultTables.classes(found.labels(), found.matrix()).toString());
        at.add(ResultTables.confusion(found.labels(), found.matrix()).toString());
        at.open("div", "class", "pair");
        Drawing reliability = new Drawing(
                "Calibration",
                new ReliabilityChart("", found.calibration()),
                "Blue: part of the clips that is right, by the probability of the predicted class; pale blue: right"
                    + " beyond what was claimed; orange: claimed, but not right. On the dashed line a model knows how"
                    + " sure it may be. Whiskers: 95 % interval.",
                reliability(found.calibration()));
        drawing(at, "reliability", reliability);
        Drawing features = map;
        if (features != null) {
            drawing(at, "map", features);
        }
        return at.close();
    }

    private static String reliability(Calibration calibration) {
        StringBuilder words = new StringBuilder("Reliability diagram.");
        for (Calibration.Bin bin : calibration.bins()) {
            if (bin.clips() > 0) {
                words.append(String.format(
                        Locale.ROOT,
                        " Confidence %.0f to %.0f %%: %d clips, %.0f %% right.",
                        100 * bin.low(),
                        100 * bin.high(),
                        bin.clips(),
                        100 * bin.accuracy()));
            }
        }
        return words.toString();
    }

    private static Markup drawings(List<Drawing> drawings) {
        Markup at = new Markup().open("div", "class", "pair");
        for (int i = 0; i < drawings.size(); i++) {
            drawing(at, "curve" + i, drawings.get(i));
        }
        return at.close();
    }

    static void drawing(Markup at, String id, Drawing drawing) {
        at.open("figure").element("h3", drawing.name());
        at.add(drawing.chart().svg(id, drawing.description()));
        at.element("figcaption", drawing.caption()).close();
    }

    private Markup mistakeCards() {
        boolean single = mistakes.clips().getFirst().images().size() == 1;
        Markup at = new Markup().element("p", mistakes.caption(), "class", "quiet");
        at.open("div", "class", single ? "cards small" : "cards");
        for (ContactSheet.Clip clip : mistakes.clips()) {
            String predicted = String.format(Locale.ROOT, "%s (%.0f %%)", clip.predicted(), 100 * clip.probability());
            String alternative = clip.images().size() + (single ? " photograph" : " frames") + ", labelled "
                    + clip.label() + ", taken for " + clip.predicted();
            at.open("figure").add(Pictures.strip(clip.images(), alternative)).open("figcaption");
            at.element("b", clip.label()).text(" taken for ").element("b", predicted, "class", "wrong");
            at.element("small", clip.name()).close().close();
        }
        return at.close();
    }

    private Markup attentionCards() {
        Markup at = new Markup().element("p", attention.caption(), "class", "quiet");
        boolean single =
                attention.blocks().getFirst().strips().getFirst().frames().size() == 1;
        at.open("div", "class", single ? "cards faces small" : "cards faces");
        for (StripSheet.Block block : attention.blocks()) {
            at.open("figure").element("h3", block.heading());
            for (StripSheet.Strip strip : block.strips()) {
                at.open("div", "class", "strip").element("span", strip.name());
                at.add(Pictures.strip(strip.frames(), strip.name() + ": " + block.heading()))
                        .close();
            }
            at.close();
        }
        return at.close();
    }

    private Markup run() {
        Markup at = new Markup().open("dl");
        facts.forEach((term, description) ->
                at.open("div").element("dt", term).element("dd", description).close());
        at.close().open("details").element("summary", "Configuration, every key");
        Markup table = ResultTables.open(at, "Configuration", "keys");
        ResultTables.head(table, "Key", "Value");
        table.open("tbody");
        configuration.forEach((key, value) -> table.open("tr")
                .element("th", key, "scope", "row")
                .element("td", value)
                .close());
        return table.close().close().close().close();
    }
}
