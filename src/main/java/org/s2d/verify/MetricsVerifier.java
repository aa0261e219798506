package org.s2d.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.MergedScores;
import org.s2d.data.metrics.ScoreFile;
import org.s2d.data.metrics.ViewScore;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Merging of views, accuracies, confusion matrices and F1 scores. */
final class MetricsVerifier implements CaseVerifier {
    private static final String FILE = "metrics";
    private static final String SCORES = "0.txt";

    @Override
    public boolean accepts(CaseFolder folder) {
        return folder.hasFile(FILE) && folder.has(FILE, "logits");
    }

    @Override
    public void verify(CaseFolder folder, Target target, Report report) {
        List<ViewScore> views = views(folder);
        merged(folder, MergedScores.of(views), "", report);
        if (folder.hasFile(SCORES)) {
            merged(folder, MergedScores.of(ScoreFile.read(folder.filePath(SCORES))), SCORES + "/", report);
        }
        firstView(folder, views, report);
        for (String key : List.of("absent_class", "labels_subset")) {
            pairs(folder.values().path(key), key, report);
        }
    }

    /** Views of the tensor [videos, views, classes]; view = segment * crops + crop. */
    private static List<ViewScore> views(CaseFolder folder) {
        Tensor logits = folder.tensor(FILE, "logits");
        long[] labels = folder.longs(FILE, "labels");
        int crops = Math.max(1, folder.config().path("crops").asInt(1));
        List<ViewScore> views = new ArrayList<>();
        for (int view = 0; view < logits.dim(1); view++) {
            for (int video = 0; video < logits.dim(0); video++) {
                double[] row = logits.select(0, video).select(0, view).toDoubles();
                views.add(new ViewScore(
                        Integer.toString(video), row, (int) labels[video], view / crops, view % crops, 1));
            }
        }
        return views;
    }

    private static void merged(CaseFolder folder, MergedScores merged, String prefix, Report report) {
        int classes = folder.tensor(FILE, "logits").dim(2);
        double[] probabilities = Arrays.stream(merged.probabilities())
                .flatMapToDouble(Arrays::stream)
                .toArray();
        Tensor expected = folder.tensor(FILE, "merged_prob");
        report.check(
                prefix + "merged_prob",
                expected.shape(),
                probabilities,
                expected.toDoubles(),
                folder.float64(FILE, "merged_prob"));
        exact(prefix + "pred", longs(merged.predictions()), folder.longs(FILE, "pred"), report);
        ConfusionMatrix matrix = merged.confusion(classes);
        confusion(prefix + "confusion", matrix, folder.longs(FILE, "confusion"), report);
        JsonNode values = folder.values().path("merge");
        scalar(prefix + "merge.top1_percent", 100 * merged.topK(1), values.path("top1_percent"), report);
        scalar(prefix + "merge.top5_percent", 100 * merged.topK(5), values.path("top5_percent"), report);
        scores(prefix + "merge.", matrix, values, report);
    }

    /** Validation: one view per video. */
    private static void firstView(CaseFolder folder, List<ViewScore> views, Report report) {
        JsonNode values = folder.values().path("validation_view0");
        if (values.isMissingNode()) {
            return;
        }
        MergedScores scores = MergedScores.of(views.stream()
                .filter(view -> view.chunk() == 0 && view.split() == 0)
                .toList());
        String prefix = "validation_view0.";
        ConfusionMatrix matrix = scores.confusion(folder.tensor(FILE, "logits").dim(2));
        // The release's accuracy meters are F32.
        report.check(prefix + "acc1", Shape.of(1), one(100 * scores.topK(1)), one(values, "acc1"), null);
        report.check(prefix + "acc5", Shape.of(1), one(100 * scores.topK(5)), one(values, "acc5"), null);
        confusion(prefix + "confusion", matrix, flat(values.path("confusion")), report);
        scores(prefix, matrix, values, report);
    }

    /** Labels and predictions given as lists. */
    private static void pairs(JsonNode values, String key, Report report) {
        if (values.isMissingNode()) {
            return;
        }
        int[] labels = ints(values.path("y"));
        int[] predictions = ints(values.path("p"));
        int classes = 1
                + IntStream.concat(Arrays.stream(labels), Arrays.stream(predictions))
                        .max()
                        .orElse(0);
        ConfusionMatrix matrix = ConfusionMatrix.of(labels, predictions, classes);
        confusion(key + ".confusion", matrix, flat(values.path("confusion")), report);
        scores(key + ".", matrix, values, report);
    }

    /** scikit-learn's matrix spans only the classes that occur as label or prediction. */
    private static void confusion(String name, ConfusionMatrix matrix, long[] expected, Report report) {
        int[] all = IntStream.range(0, matrix.classes()).toArray();
        int[] seen = Arrays.stream(all)
                .filter(c -> Arrays.stream(all).anyMatch(d -> matrix.count(c, d) + matrix.count(d, c) > 0))
                .toArray();
        int[] spanned = expected.length == all.length * all.length ? all : seen;
        long[] counts = Arrays.stream(spanned)
                .boxed()
                .flatMapToLong(truth -> Arrays.stream(spanned).mapToLong(prediction -> matrix.count(truth, prediction)))
                .toArray();
        exact(name, counts, expected, report);
    }

    /** What the release calls NaN, the recall of a class without samples, is left out here as in our UAR. */
    private static void scores(String prefix, ConfusionMatrix matrix, JsonNode values, Report report) {
        scalar(prefix + "uar", matrix.uar(), values.path("uar"), report);
        scalar(prefix + "war", matrix.war(), values.path("war"), report);
        scalar(prefix + "weighted_f1", matrix.weightedF1(), values.path("weighted_f1"), report);
        scalar(prefix + "micro_f1", matrix.microF1(), values.path("micro_f1"), report);
        scalar(prefix + "macro_f1", matrix.macroF1(), values.path("macro_f1"), report);
        JsonNode recalls = values.path("class_acc");
        for (int c = 0; c < recalls.size(); c++) {
            if (recalls.path(c).isNull() != matrix.absentClasses().contains(c)) {
                report.fail(prefix + "class_acc." + c, "recall of a class without samples");
            }
            scalar(prefix + "class_acc." + c, matrix.recall(c), recalls.path(c), report);
        }
    }

    private static void scalar(String name, double ours, JsonNode expected, Report report) {
        if (expected.isNumber()) {
            double[] value = one(expected.asDouble());
            report.check(name, Shape.of(1), one(ours), value, value);
        }
    }

    private static void exact(String name, long[] ours, long[] expected, Report report) {
        if (ours.length != expected.length) {
            report.fail(name, "another number of values");
            return;
        }
        long wrong = IntStream.range(0, ours.length)
                .filter(i -> ours[i] != expected[i])
                .count();
        report.checkExact(name, "(" + ours.length + ")", wrong, ours.length, 0, "");
    }

    private static double[] one(double value) {
        return new double[] {value};
    }

    private static double[] one(JsonNode values, String key) {
        return one(values.path(key).asDouble());
    }

    private static int[] ints(JsonNode row) {
        return StreamSupport.stream(row.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    private static long[] longs(int[] values) {
        return Arrays.stream(values).asLongStream().toArray();
    }

    private static long[] flat(JsonNode rows) {
        return StreamSupport.stream(rows.spliterator(), false)
                .flatMap(row -> StreamSupport.stream(row.spliterator(), false))
                .mapToLong(JsonNode::asLong)
                .toArray();
    }
}
