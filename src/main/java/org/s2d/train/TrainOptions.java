package org.s2d.train;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.RunInfo;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;
import org.s2d.weights.Checkpoint;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The options of the {@code train} command, for the command line and for {@link Trainer#main}. */
@Command(name = "train", mixinStandardHelpOptions = true, description = "Train a model by a configuration.")
public final class TrainOptions {
    private static final String AUTO = "auto";
    private static final int BAD_INPUT = 2;
    private static final int NO_DEVICE = 3;

    @Parameters(
            arity = "0..1",
            paramLabel = "CONFIG",
            description = "YAML file; without one, the defaults, or the checkpoint's own with --resume PATH.")
    private @Nullable Path file;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key, as optim.lr=1e-4. Repeatable.")
    private List<String> settings = new ArrayList<>();

    @Option(names = "--print-config", description = "Print the complete configuration and exit.")
    private boolean printConfig;

    @Option(
            names = "--resume",
            arity = "0..1",
            fallbackValue = AUTO,
            paramLabel = "PATH",
            description = "Continue from a checkpoint; without a path from the run folder's last one, if there is one.")
    private @Nullable String resume;

    @Option(
            names = "--fold",
            paramLabel = "all|N",
            description = "Of a configuration with folds: all one after another, tested and averaged, or one.")
    private @Nullable String fold;

    @Option(names = "--output", paramLabel = "DIR", description = "Short for --set train.output_dir=DIR.")
    private @Nullable String output;

    @Option(
            names = "--finetune",
            paramLabel = "CHECKPOINT",
            description = "Start from these weights; short for --set train.finetune=...")
    private @Nullable String finetune;

    @Option(names = "--mode", paramLabel = "video|image", description = "Short for --set model.mode=...")
    private @Nullable String mode;

    @Option(
            names = "--temporal-adapter",
            paramLabel = "attention|conv",
            description = "Short for --set model.temporal_adapter=...")
    private @Nullable String temporalAdapter;

    @Option(
            names = "--prompter",
            paramLabel = "fovea|cross-attention",
            description = "Short for --set model.prompter=...")
    private @Nullable String prompter;

    @Option(
            names = "--freeze-prompters",
            description =
                    "Train the adapters but not the prompters; short for --set train.freeze=s2d_freeze_prompters.")
    private boolean freezePrompters;

    @Option(
            names = "--release-compatible",
            description = "Keep the release's oddities in the data; short for --set data.release_compatible=true.")
    private boolean releaseCompatible;

    @Option(names = "--device", paramLabel = "cpu|reference", description = "Short for --set train.device=...")
    private @Nullable String device;

    @Option(names = "--precision", paramLabel = "fp32|bf16", description = "Short for --set train.precision=...")
    private @Nullable String precision;

    @Option(names = "--threads", paramLabel = "N", description = "Short for --set train.threads=N.")
    private @Nullable Integer threads;

    private List<String> purpose = List.of();

    /** With settings that the command itself stands for. */
    public TrainOptions with(List<String> given) {
        purpose = List.copyOf(given);
        return this;
    }

    private List<String> allSettings() {
        List<String> all = new ArrayList<>(purpose);
        all.addAll(settings);
        add(all, "train.output_dir", output);
        add(all, "train.finetune", finetune);
        add(all, "model.mode", mode);
        add(all, "model.temporal_adapter", temporalAdapter);
        add(all, "model.prompter", prompter);
        add(all, "train.freeze", freezePrompters ? "s2d_freeze_prompters" : null);
        add(all, "data.release_compatible", releaseCompatible ? "true" : null);
        add(all, "train.device", device);
        add(all, "train.precision", precision);
        add(all, "train.threads", threads);
        return all;
    }

    private static void add(List<String> settings, String key, @Nullable Object value) {
        if (value != null) {
            settings.add(key + "=" + value);
        }
    }

    /** The configuration of these options. */
    private TrainConfig config() {
        if (file == null && resume != null && !resume.equals(AUTO)) {
            try (Checkpoint checkpoint = Checkpoint.open(Path.of(resume))) {
                return RunInfo.of(checkpoint).config(allSettings());
            }
        }
        return ConfigReader.read(file, allSettings());
    }

    /** Runs the command; returns the exit code. */
    public int run(PrintWriter out) {
        TrainConfig given = config();
        boolean all = Folds.ALL.equals(fold);
        TrainConfig config =
                fold == null || all ? given : Folds.chosen(given, fold).getFirst();
        if (printConfig) {
            out.print(ConfigReader.print(config));
            out.flush();
            return 0;
        }
        if (!all) {
            Folds.requireNone(config);
        } else if (resume != null && !resume.equals(AUTO)) {
            throw new UserException(
                    "--resume " + resume + ": with --fold all it takes no path; every fold has its own.");
        }
        StopSignal signal = StopSignal.install();
        int code = 1;
        try {
            if (all) {
                new CrossValidation(config, out, signal::requested).run(resume != null);
            } else {
                new Trainer(config, out, signal::requested).run(checkpointToResume(config));
            }
            code = 0;
        } catch (UserException e) {
            code = BAD_INPUT;
            throw e;
        } finally {
            out.flush();
            signal.close(code);
        }
        return code;
    }

    private @Nullable Path checkpointToResume(TrainConfig config) {
        if (resume == null) {
            return null;
        }
        if (resume.equals(AUTO)) {
            return Trainer.lastOf(config);
        }
        Path path = Path.of(resume);
        return Files.isDirectory(path) ? path.resolve("last.pth") : path;
    }

    /** The command alone, without the others: what {@link Trainer#main} is. */
    static int main(String[] args, PrintWriter out, PrintWriter err) {
        TrainOptions options = new TrainOptions();
        CommandLine commandLine = new CommandLine(options);
        try {
            CommandLine.ParseResult parsed = commandLine.parseArgs(args);
            Integer helped = CommandLine.executeHelpRequest(parsed);
            return helped != null ? helped : options.run(out);
        } catch (CommandLine.ParameterException | UserException | ShapeException e) {
            err.println("train: " + e.getMessage());
            return BAD_INPUT;
        } catch (DeviceException e) {
            err.println("train: " + e.getMessage());
            return NO_DEVICE;
        }
    }
}
