package org.s2d.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.s2d.data.prepare.Progress;
import org.s2d.predict.FaceFinder;
import org.s2d.predict.FilePredictor;
import org.s2d.predict.FileResult;
import org.s2d.predict.Recognizer;
import org.s2d.predict.ResultFiles;
import org.s2d.predict.ResultFolder;
import org.s2d.tensor.UserException;
import org.s2d.train.StopSignal;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "predict",
        mixinStandardHelpOptions = true,
        description = "Recognise the faces in photographs, videos and folders of frames.",
        footer = {
            "",
            "Faces are found, followed and cut out; a model of clips sees windows of each face. Without --output only"
                + " text is printed; with it the folder gets predictions.csv, predictions.json, and every photograph"
                + " and video with boxes, landmarks and bars.",
            "",
            "Examples:",
            "  ./s2d predict video.mp4 --model runs/my/best.pth",
            "  ./s2d predict photos/*.jpg --model runs/my/best.pth --output out/",
            "  ./s2d predict face.png --cropped --model runs/my/best.pth --format json",
        })
final class PredictCommand implements Callable<Integer> {
    private enum Format {
        TEXT,
        CSV,
        JSON
    }

    @Parameters(arity = "1..*", paramLabel = "FILE", description = "Photographs, videos, or folders of frames.")
    private List<Path> files = new ArrayList<>();

    @Option(names = "--model", required = true, paramLabel = "CHECKPOINT", description = "Checkpoint of a run.")
    private Path model = Path.of("");

    @Option(names = "--cropped", description = "Pictures are faces, cut out already: look for none.")
    private boolean cropped;

    @Mixin
    private DetectorOptions detector = new DetectorOptions();

    @Option(
            names = "--format",
            defaultValue = "text",
            description = "What is printed: text, csv or json. Default: ${DEFAULT-VALUE}.")
    private Format format = Format.TEXT;

    @Option(names = "--output", paramLabel = "DIR", description = "Folder for results and annotated pictures.")
    private @Nullable Path output;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: that of the run.")
    private @Nullable Integer threads;

    @Option(names = "--precision", paramLabel = "fp32|bf16", description = "Default: that of the run.")
    private @Nullable String precision;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Override a key of the run's configuration, such as landmark.weights. Repeatable.")
    private List<String> settings = new ArrayList<>();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<String> all = new ArrayList<>(settings);
        if (threads != null) {
            all.add("train.threads=" + threads);
        }
        if (precision != null) {
            all.add("train.precision=" + precision);
        }
        for (Path file : files) {
            if (!Files.exists(file)) {
                throw new UserException(file + ": no such file or folder.");
            }
        }
        StopSignal signal = StopSignal.install();
        int code = Main.BAD_INPUT;
        try {
            run(all, signal::requested);
            code = 0;
        } finally {
            signal.close(code);
        }
        return code;
    }

    private void run(List<String> configuration, BooleanSupplier stop) {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        ResultFolder folder = output == null ? null : ResultFolder.create(output);
        List<FileResult> results = new ArrayList<>();
        int failures = 0;
        try (Recognizer recognizer = Recognizer.load(model, configuration);
                FaceFinder finder = cropped ? null : new FaceFinder(detector.open())) {
            for (Path file : files) {
                if (stop.getAsBoolean()) {
                    break;
                }
                try {
                    Progress progress = new ConsoleProgress(err, file.toString());
                    FileResult result = new FilePredictor(recognizer, finder, progress, stop).predict(file);
                    results.add(result);
                    if (format == Format.TEXT) {
                        out.print(ResultFiles.text(result));
                        out.flush();
                    }
                    if (folder != null && !stop.getAsBoolean()) {
                        folder.annotate(file, result, new ConsoleProgress(err, "drawing " + file), stop);
                    }
                } catch (UserException e) {
                    // One bad file does not cost the others their results.
                    failures++;
                    err.println("s2d: " + e.getMessage());
                }
            }
            print(out, results, recognizer.labels());
            if (folder != null) {
                folder.write(results, recognizer.labels());
                out.println("see " + output);
            }
        }
        if (stop.getAsBoolean()) {
            err.println("stopped: what comes later is not in the results.");
        }
        if (failures > 0) {
            throw new UserException(
                    String.format(Locale.ROOT, "%d of %d files could not be predicted.", failures, files.size()));
        }
    }

    private void print(PrintWriter out, List<FileResult> results, List<String> labels) {
        switch (format) {
            case CSV -> out.print(ResultFiles.csv(results, labels));
            case JSON -> out.print(ResultFiles.json(results));
            case TEXT -> {}
        }
        out.flush();
    }
}
