package org.s2d.train.results;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Precision;
import org.s2d.data.ClipDataset;
import org.s2d.data.ClipList;
import org.s2d.data.ClipLoader;
import org.s2d.data.prepare.Progress;
import org.s2d.device.Device;
import org.s2d.model.s4d.S4dPretraining;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.Scope;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.Models;
import org.s2d.train.checkpoint.RunInfo;
import org.s2d.train.checkpoint.TrainedModel;
import org.s2d.train.config.Devices;
import org.s2d.train.config.RunData;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.step.Inference;
import org.s2d.weights.Checkpoint;

/**
 * The report of a run: its best weights on its test clips, drawn, written and put into one page. Leaves {@code report.html}, {@code
 * model-card.md}, TensorBoard pictures, and in {@code report/} each picture and table by itself.
 */
public final class RunReport {
    /** Folder of the report's parts inside the run's. */
    static final String FOLDER = "report";

    private final Request request;
    private final PrintWriter out;
    private final Function<String, Progress> progress;

    /**
     * What to report on.
     *
     * @param run its folder
     * @param settings {@code key=value} on top of the run's configuration, such as {@code data.test}
     * @param beside another run whose model's attention is drawn on the same faces; none: null
     * @param logsOnly whether neither model nor clips are read
     */
    public record Request(
            Path run, List<String> settings, @Nullable Path beside, boolean logsOnly) {}

    private RunReport(Request request, PrintWriter out, Function<String, Progress> progress) {
        this.request = request;
        this.out = out;
        this.progress = progress;
    }

    /**
     * Writes the report and returns its page.
     *
     * @param progress makes the progress of a stage from the stage's name
     * @throws UserException for a folder without a run, and where clips or landmark weights are missing
     */
    public static Path write(Request request, PrintWriter out, Function<String, Progress> progress) {
        return new RunReport(request, out, progress).write();
    }

    private Path write() {
        RunFolder run = RunFolder.existing(request.run());
        try (Checkpoint checkpoint = Checkpoint.open(run.weights())) {
            RunInfo info = RunInfo.of(checkpoint);
            TrainConfig config =
                    RunInfo.describe(checkpoint, null, request.settings()).config();
            RunFolder parts = RunFolder.create(run.path().resolve(FOLDER).toString());
            ReportFiles files = new ReportFiles(run, parts, info, config, RunCard.of(checkpoint));
            RunPictures.curves(run);
            if (request.logsOnly()) {
                return files.write(null, new AttentionFigure.Drawn("", List.of()));
            }
            return config.reconstructs()
                    ? files.write(null, reconstructions(checkpoint, config))
                    : withModel(files, checkpoint, info, config);
        }
    }

    private AttentionFigure.Drawn reconstructions(Checkpoint checkpoint, TrainConfig config) {
        List<RunData> tasks = new ArrayList<>(List.of(new RunData(config)));
        if (config.photos().isUsed()) {
            tasks.add(RunData.photos(config));
        }
        List<ClipDataset> datasets = tasks.stream()
                .map(data -> ClipDataset.validation(data.trainList(), data.spec()))
                .toList();
        try (Device device =
                        Devices.open(config.train().device(), config.train().threads());
                Scope scope = new Scope(device.allocator(), "weights")) {
            S4dPretraining model = Models.reconstructor(config, ParameterFactory.undefined(device, scope));
            Models.loadAll(model.parameters(), checkpoint, device);
            return new ReconstructionFigure(config, model, device, Precision.FP32).draw(datasets);
        }
    }

    private Path withModel(ReportFiles files, Checkpoint checkpoint, RunInfo info, TrainConfig config) {
        ClipList list = clips(new RunData(config), info.labels());
        out.println("clips of " + list.source() + ", weights " + checkpoint.path());
        out.flush();
        try (TrainedModel model = TrainedModel.open(checkpoint, config, info.labels());
                ClipLoader loader =
                        new RunData(config).testLoader(list, model.device().hostAllocator())) {
            ReportData.Features features = new ReportData.Features(loader.dataset(), progress.apply("views"));
            Inference.Result result =
                    model.inference().run(loader, () -> false, features).orElseThrow();
            Evaluator.Summary summary = Evaluator.summary(result, info.labels());
            Evaluator.print(summary, loader, out);
            double[][] rows = features.inOrderOf(summary.scores());
            ReportData data = ReportData.of(summary, rows, loader.dataset(), progress.apply("t-SNE"));
            AttentionFigure.Looker own = new AttentionFigure.Looker("attention", model, loader.dataset());
            return attention(files, list, data, own);
        }
    }

    private Path attention(ReportFiles files, ClipList list, ReportData data, AttentionFigure.Looker own) {
        List<AttentionFigure.Looker> lookers = new ArrayList<>(List.of(own));
        Path beside = request.beside();
        if (beside == null) {
            return finish(files, list, data, lookers);
        }
        RunFolder other = RunFolder.existing(beside);
        try (Checkpoint checkpoint = Checkpoint.open(other.weights())) {
            RunInfo info = RunInfo.of(checkpoint);
            TrainConfig config = info.config();
            try (TrainedModel model = TrainedModel.open(checkpoint, config, info.labels());
                    ClipLoader loader =
                            new RunData(config).testLoader(list, model.device().hostAllocator())) {
                requireAlike(own, loader, beside);
                String name = String.valueOf(beside.toAbsolutePath().normalize().getFileName());
                lookers.add(new AttentionFigure.Looker(name, model, loader.dataset()));
                return finish(files, list, data, lookers);
            }
        }
    }

    private static void requireAlike(AttentionFigure.Looker own, ClipLoader other, Path beside) {
        int frames = own.dataset().spec().frames();
        int others = other.dataset().spec().frames();
        if (frames != others) {
            throw new UserException(beside + ": its model sees clips of " + others + " frames, this run's " + frames
                    + ". Choose a run with clips of the same length for --beside.");
        }
    }

    private Path finish(ReportFiles files, ClipList list, ReportData data, List<AttentionFigure.Looker> lookers) {
        AttentionFigure figure = new AttentionFigure(data.summary(), lookers);
        return files.write(new ReportFiles.Seen(list, data), figure.draw(progress.apply("attention")));
    }

    private static ClipList clips(RunData data, List<String> labels) {
        try {
            ClipList list = data.testList(labels);
            ClipList found = list == null ? data.valList(labels) : list;
            if (found != null) {
                return found;
            }
        } catch (UserException e) {
            throw new UserException(
                    e.getMessage() + " (--data and --root say where the clips are; --logs-only does without them)", e);
        }
        throw new UserException(
                "the run has neither data.test nor data.val. Give a list with --data, or take --logs-only.");
    }
}
