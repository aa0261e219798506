package org.s2d.train.results;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.s2d.data.ClipList;
import org.s2d.data.ClipLoader;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.data.metrics.MergedScores;
import org.s2d.data.prepare.Progress;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.RunInfo;
import org.s2d.train.checkpoint.TrainedModel;
import org.s2d.train.config.RunData;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.step.Inference;
import org.s2d.weights.Checkpoint;

/**
 * Evaluates a checkpoint by the authors' multi-view protocol: several windows and crops of every clip, the mean of their probabilities
 * decides. Writes {@code predictions.csv}, {@code metrics.json} and {@code confusion.png}.
 */
public final class Evaluator {
    static final int BOOTSTRAPS = 1000;

    private Evaluator() {}

    /** What an evaluation found. */
    public record Summary(ConfusionMatrix matrix, MergedScores scores, double loss, List<String> labels) {}

    /**
     * What to evaluate.
     *
     * @param configFile configuration for checkpoints that carry none; overrides the carried one where given
     * @param settings {@code key=value} on top
     * @param photos whether on photographs, the second task of S4D
     * @param output folder for the results; none: they are only printed
     */
    public record Request(
            Path checkpoint,
            @Nullable Path configFile,
            List<String> settings,
            boolean photos,
            @Nullable Path output) {}

    /** Runs an evaluation; throws {@link UserException} for wrong input. */
    public static Summary evaluate(Request request, PrintWriter out) {
        return evaluate(request, out, Progress.NONE);
    }

    /** As {@link #evaluate(Request, PrintWriter)}; tells how many views of all are done. */
    public static Summary evaluate(Request request, PrintWriter out, Progress progress) {
        return evaluate(request, out, progress, () -> false).orElseThrow();
    }

    /** As above; empty when stopped before the end, and then nothing is written. */
    public static Optional<Summary> evaluate(
            Request request, PrintWriter out, Progress progress, BooleanSupplier stop) {
        try (Checkpoint checkpoint = Checkpoint.open(request.checkpoint())) {
            return evaluate(request, checkpoint, out, progress, stop);
        }
    }

    private static Optional<Summary> evaluate(
            Request request, Checkpoint checkpoint, PrintWriter out, Progress progress, BooleanSupplier stop) {
        RunInfo.Described described = RunInfo.describe(checkpoint, request.configFile(), request.settings());
        TrainConfig config = described.config();
        RunFolder folder = request.output() == null
                ? null
                : RunFolder.create(request.output().toString());
        if (request.photos() && !config.isS4d()) {
            throw new UserException(request.checkpoint() + ": its model has one task, and no --photos.");
        }
        RunData data = request.photos() ? RunData.photos(config) : new RunData(config);
        List<String> photoLabels = config.photos().labels();
        ClipList list = data.testList(request.photos() && !photoLabels.isEmpty() ? photoLabels : described.labels());
        if (list == null) {
            throw new UserException((request.photos() ? "photos" : "data")
                    + ".test: no annotation list to evaluate on. Give one with --data.");
        }
        list.notes().forEach(note -> out.println(list.source() + ": " + note));
        try (TrainedModel model =
                        TrainedModel.open(checkpoint, config, request.photos() ? described.labels() : list.labels());
                ClipLoader loader = data.testLoader(list, model.device().hostAllocator())) {
            Optional<Inference.Result> result = model.inference().run(loader, stop, progress::advanced);
            if (result.isEmpty()) {
                return Optional.empty();
            }
            Summary summary = summary(result.get(), list.labels());
            print(summary, loader, out);
            if (folder != null) {
                EvaluationFiles.write(folder, summary, request.checkpoint(), list.source());
            }
            return Optional.of(summary);
        }
    }

    static Summary summary(Inference.Result result, List<String> labels) {
        MergedScores merged = result.merged();
        return new Summary(merged.confusion(labels.size()), merged, result.loss(), labels);
    }

    static void print(Summary summary, ClipLoader loader, PrintWriter out) {
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
}
