package org.s2d.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.s2d.data.ClipList;
import org.s2d.data.ClipLoader;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.data.metrics.MergedScores;
import org.s2d.tensor.UserException;
import org.s2d.weights.Checkpoint;

/**
 * Evaluates a checkpoint by the authors' multi-view protocol: several windows and crops of every clip, the mean of their probabilities
 * decides. Writes {@code predictions.csv}, {@code metrics.json} and {@code confusion.png}.
 */
public final class Evaluator {
    private static final int BOOTSTRAPS = 1000;

    private Evaluator() {}

    /** What an evaluation found. */
    public record Summary(ConfusionMatrix matrix, MergedScores scores, double loss, List<String> labels) {}

    /**
     * What to evaluate.
     *
     * @param configFile configuration for checkpoints that carry none; overrides the carried one where given
     * @param settings {@code key=value} on top
     * @param output folder for the results; none: they are only printed
     */
    public record Request(
            Path checkpoint,
            @Nullable Path configFile,
            List<String> settings,
            @Nullable Path output) {}

    /** Runs an evaluation; throws {@link UserException} for wrong input. */
    public static Summary evaluate(Request request, PrintWriter out) {
        try (Checkpoint checkpoint = Checkpoint.open(request.checkpoint())) {
            RunInfo.Described described = RunInfo.describe(checkpoint, request.configFile(), request.settings());
            return evaluate(request, checkpoint, described.config(), described.labels(), out);
        }
    }

    private static Summary evaluate(
            Request request, Checkpoint checkpoint, TrainConfig config, List<String> labels, PrintWriter out) {
        RunFolder folder = request.output() == null
                ? null
                : RunFolder.create(request.output().toString());
        RunData data = new RunData(config);
        ClipList list = data.testList(labels);
        if (list == null) {
            throw new UserException("data.test: no annotation list to evaluate on. Give one with --data.");
        }
        list.notes().forEach(note -> out.println(list.source() + ": " + note));
        try (TrainedModel model = TrainedModel.open(checkpoint, config, list.labels());
                ClipLoader loader = data.testLoader(list, model.device().hostAllocator())) {
            Inference.Result result = model.inference().run(loader, () -> false).orElseThrow();
            MergedScores merged = result.merged();
            ConfusionMatrix matrix = merged.confusion(list.labels().size());
            Summary summary = new Summary(matrix, merged, result.loss(), list.labels());
            print(summary, loader, out);
            if (folder != null) {
                write(folder, summary, request, list);
            }
            return summary;
        }
    }

    private static void print(Summary summary, ClipLoader loader, PrintWriter out) {
        ConfusionMatrix matrix = summary.matrix();
        out.printf(
                Locale.ROOT,
                "%d clips, %d views%n",
                summary.scores().labels().length,
                loader.dataset().size());
        Interval war = Interval.wilson(matrix.correct(), matrix.total());
        Interval uar = Interval.bootstrap(matrix, ConfusionMatrix::uar, BOOTSTRAPS, 0);
        out.printf(Locale.ROOT, "WAR (accuracy)      %.4f  [%.4f, %.4f]%n", matrix.war(), war.low(), war.high());
        out.printf(Locale.ROOT, "UAR (mean recall)   %.4f  [%.4f, %.4f]%n", matrix.uar(), uar.low(), uar.high());
        out.printf(
                Locale.ROOT,
                "F1 weighted %.4f  micro %.4f  macro %.4f%n",
                matrix.weightedF1(),
                matrix.microF1(),
                matrix.macroF1());
        for (int c = 0; c < matrix.classes(); c++) {
            if (matrix.support(c) > 0) {
                long right = matrix.count(c, c);
                Interval interval = Interval.wilson(right, matrix.support(c));
                out.printf(
                        Locale.ROOT,
                        "  %-16s %4d of %4d  recall %.4f  [%.4f, %.4f]%n",
                        summary.labels().get(c),
                        right,
                        matrix.support(c),
                        matrix.recall(c),
                        interval.low(),
                        interval.high());
            }
        }
        if (!matrix.absentClasses().isEmpty()) {
            out.println("  no clips of: "
                    + String.join(
                            ", ",
                            matrix.absentClasses().stream()
                                    .map(summary.labels()::get)
                                    .toList())
                    + "; UAR is over the others");
        }
        loader.badClips().forEach((id, reason) -> out.println("  skipped " + id + ": " + reason));
        out.flush();
    }

    private static void write(RunFolder folder, Summary summary, Request request, ClipList list) {
        folder.writeText("predictions.csv", predictions(summary));
        ConfusionMatrix matrix = summary.matrix();
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode json = mapper.createObjectNode();
        json.put("checkpoint", request.checkpoint().toString());
        json.put("data", list.source());
        json.put("clips", matrix.total());
        json.put("loss", summary.loss());
        json.put("war", matrix.war());
        json.set("war_interval", mapper.valueToTree(Interval.wilson(matrix.correct(), matrix.total())));
        json.put("uar", matrix.uar());
        json.set("uar_interval", mapper.valueToTree(Interval.bootstrap(matrix, ConfusionMatrix::uar, BOOTSTRAPS, 0)));
        json.put("f1_weighted", matrix.weightedF1());
        json.put("f1_micro", matrix.microF1());
        json.put("f1_macro", matrix.macroF1());
        json.put("top1", summary.scores().topK(1));
        json.put("top5", summary.scores().topK(5));
        json.set("labels", mapper.valueToTree(summary.labels()));
        ObjectNode recalls = json.putObject("recall");
        for (int c = 0; c < matrix.classes(); c++) {
            if (matrix.support(c) > 0) {
                recalls.put(summary.labels().get(c), matrix.recall(c));
            }
        }
        json.set("confusion", mapper.valueToTree(matrix.counts()));
        try {
            folder.writeText(
                    "metrics.json", mapper.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        RunPictures.confusion(
                folder,
                request.checkpoint().getFileName() + " on "
                        + Path.of(list.source()).getFileName(),
                summary.labels(),
                matrix);
    }

    /** One line per clip: id, label, prediction, and the probability of every class. */
    private static String predictions(Summary summary) {
        StringBuilder text = new StringBuilder("id,label,prediction");
        summary.labels().forEach(label -> text.append(',').append(quoted(label)));
        text.append('\n');
        MergedScores scores = summary.scores();
        int[] predictions = scores.predictions();
        for (int i = 0; i < predictions.length; i++) {
            text.append(quoted(scores.ids().get(i)))
                    .append(',')
                    .append(quoted(summary.labels().get(scores.labels()[i])))
                    .append(',')
                    .append(quoted(summary.labels().get(predictions[i])));
            for (double probability : scores.probabilities()[i]) {
                text.append(String.format(Locale.ROOT, ",%.6f", probability));
            }
            text.append('\n');
        }
        return text.toString();
    }

    private static String quoted(String cell) {
        return cell.matches("[^\",\\r\\n]*") ? cell : "\"" + cell.replace("\"", "\"\"") + "\"";
    }
}
