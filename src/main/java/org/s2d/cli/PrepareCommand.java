package org.s2d.cli;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.data.face.FaceDetector;
import org.s2d.data.prepare.ClipSet;
import org.s2d.data.prepare.Progress;
import org.s2d.data.prepare.SetLayout;
import org.s2d.data.prepare.SourceList;
import org.s2d.tensor.UserException;
import org.s2d.train.StopSignal;
import org.s2d.train.checkpoint.FaceLandmarks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "prepare",
        mixinStandardHelpOptions = true,
        description = "Make a clip data set from videos and photographs.",
        footer = {
            "",
            "SOURCE is a folder with a folder per class (happiness/a.mp4, sadness/b.jpg), or a CSV list with the"
                + " columns path,label (a name, or the format's number from 0) and where wanted person, split or fold,"
                + " and start,end (seconds) or start_frame,end_frame; its paths are relative to the list. Faces are"
                + " found, followed, turned upright by their landmarks and cut out. No person is ever in two parts, or"
                + " where persons are not known (--person, or a column) no file.",
            "",
            "OUT gets clips and lists as the data set of --format has them, data.yaml (a configuration that names"
                + " them), clips.csv (where each clip is from) and skipped.csv (files without clips, and why). Ctrl-C"
                + " stops, --resume goes on.",
            "",
            "Examples:",
            "  ./s2d prepare videos/ data/my",
            "  ./s2d prepare videos/ data/DFEW --format dfew",
            "  ./s2d prepare long.csv data/my --windows --person '^([a-z]+)'",
            "  ./s2d check-data data/my/data.yaml",
        })
final class PrepareCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "SOURCE", description = "Folder with a folder per class, or list.csv.")
    private Path source = Path.of("");

    @Parameters(index = "1", paramLabel = "OUT", description = "Folder to write.")
    private Path out = Path.of("");

    @Option(
            names = "--format",
            paramLabel = "NAME",
            defaultValue = "csv",
            description = "csv, dfew, ferv39k or mafw: folders and lists of that data set. Default: ${DEFAULT-VALUE}.")
    private SetLayout layout = SetLayout.CSV;

    @Option(
            names = "--folds",
            paramLabel = "N",
            description = "Folds of a cross-validation. Default: 5 for dfew and mafw, as published; else none.")
    private @Nullable Integer foldCount;

    @Option(
            names = "--frames",
            paramLabel = "N",
            defaultValue = "16",
            description = "Frames of a clip; 0: all. Default: ${DEFAULT-VALUE}.")
    private int frames = 16;

    @Option(
            names = "--windows",
            description =
                    "Cut videos into many clips, each of --frames frames one after the other. Default: one clip, of"
                            + " frames spread over the video.")
    private boolean windows;

    @Option(
            names = "--all-faces",
            description = "A clip of everybody who is seen. Default: of the one who is seen largest and longest.")
    private boolean allFaces;

    @Option(
            names = "--size",
            paramLabel = "PIXELS",
            defaultValue = "224",
            description = "Side of the frames. Default: ${DEFAULT-VALUE}.")
    private int size = 224;

    @Option(
            names = "--margin",
            paramLabel = "PART",
            defaultValue = "0.15",
            description = "Room at each edge, as a part of the face. Default: ${DEFAULT-VALUE}.")
    private double margin = 0.15;

    @Option(
            names = "--rate",
            paramLabel = "FPS",
            defaultValue = "25",
            description = "Frames per second that are taken. Default: ${DEFAULT-VALUE}.")
    private double rate = 25;

    @Option(
            names = "--landmarks",
            paramLabel = "FILE",
            description = "Checkpoint of a landmark network, by which faces are turned upright. Default:"
                    + " weights/mobilefacenet.pth.tar where it is there.")
    private @Nullable Path landmarks;

    @Mixin
    private DetectorOptions detector = new DetectorOptions();

    @Option(
            names = "--person",
            paramLabel = "REGEX",
            description = "Its first group in a file's name, without the ending, is the person.")
    private @Nullable String person;

    @Option(names = "--drop", paramLabel = "LABEL", description = "Leave a class out. Repeatable.")
    private Set<String> drop = new LinkedHashSet<>();

    @Option(names = "--merge", paramLabel = "LABEL=CLASS", description = "Count a label as a class. Repeatable.")
    private Map<String, String> merge = new LinkedHashMap<>();

    @Option(names = "--resume", description = "Go on with a data set that is unfinished, or has new files.")
    private boolean resume;

    @Option(names = "--threads", paramLabel = "N", description = "Threads of the landmark network. Default: all cores.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        ClipSet.Options options = new ClipSet.Options(
                layout, size, frames, windows, allFaces, margin, rate, foldCount == null ? layout.folds() : foldCount);
        SourceList sources = SourceList.read(source, layout.format(), this::classOf, PersonOption.pattern(person));
        Path network = landmarkFile();
        if (sources.unlabelled() > 0) {
            note(sources.unlabelled() + " files or rows have no class and are left out.");
        }
        if (network == null) {
            note("no --landmarks, so faces are cut out but not turned upright.");
        }
        StopSignal signal = StopSignal.install();
        int code = Main.FAILED;
        try (FaceDetector finder = detector.open();
                FaceLandmarks points = network == null ? null : FaceLandmarks.open(network, threads)) {
            ClipSet.Summary summary = ClipSet.write(
                    sources, out, options, new ClipSet.Tools(finder, points), observer(), signal::requested, resume);
            code = print(summary, options.folds());
        } finally {
            signal.close(code);
        }
        return code;
    }

    private void note(String text) {
        spec.commandLine().getErr().println("note: " + text);
        spec.commandLine().getErr().flush();
    }

    private String classOf(String label) {
        String merged = merge.getOrDefault(label, label);
        return drop.contains(label) || drop.contains(merged) ? "" : merged;
    }

    private @Nullable Path landmarkFile() {
        Path usual = Path.of("weights", "mobilefacenet.pth.tar");
        return landmarks != null ? landmarks : Files.exists(usual) ? usual : null;
    }

    private ClipSet.Observer observer() {
        PrintWriter err = spec.commandLine().getErr();
        return new ClipSet.Observer() {
            @Override
            public Progress files() {
                return new ConsoleProgress(err, "files");
            }

            @Override
            public Progress seconds(Path file) {
                return new ConsoleProgress(err, file.getFileName() + " seconds");
            }

            @Override
            public void skipped(String reason) {
                err.println("skipped: " + reason);
                err.flush();
            }
        };
    }

    private int print(ClipSet.Summary summary, int folds) {
        PrintWriter text = spec.commandLine().getOut();
        summary.counts().forEach((list, counts) -> text.println(list + "  " + counts));
        text.println(summary.clips() + " clips, " + summary.skipped() + " files or parts skipped; written to " + out);
        if (!summary.finished()) {
            text.println("stopped; the same command with --resume goes on.");
        } else if (summary.clips() == 0) {
            throw new UserException("no clips: no face was found in any file, see " + out.resolve("skipped.csv") + ".");
        } else {
            text.println("next: ./s2d check-data " + out.resolve("data.yaml") + (folds > 0 ? " --fold all" : ""));
        }
        text.flush();
        return 0;
    }
}
