package org.s2d.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.export.StateDictExport;
import org.s2d.tensor.UserException;
import org.s2d.train.SavedModel;
import org.s2d.weights.CheckpointConverter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "export",
        mixinStandardHelpOptions = true,
        description =
                "Write a trained model for other programs, with its class names, preprocessing and configuration.",
        footer = {
            "",
            "Examples:",
            "  ./s2d export runs/my/best.pth --format safetensors --out my.safetensors",
            "  ./s2d export runs/my/best.pth --format pytorch --out my.pth",
            "  ./s2d export dfew_fold1.pth --config configs/dfew.yaml \\",
            "      --format pytorch --out dfew.pth",
        })
final class ExportCommand implements Callable<Integer> {
    /** Kinds of files. */
    enum Format {
        SAFETENSORS,
        PYTORCH
    }

    @Parameters(paramLabel = "CHECKPOINT", description = "Checkpoint of a run, or weights together with --config.")
    private Path checkpoint = Path.of("");

    @Option(names = "--format", required = true, paramLabel = "KIND", description = "safetensors or pytorch.")
    private Format format = Format.SAFETENSORS;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where to write.")
    private Path out = Path.of("");

    @Option(names = "--config", paramLabel = "FILE", description = "Configuration instead of the checkpoint's own.")
    private @Nullable Path config;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key. Repeatable.")
    private List<String> settings = new ArrayList<>();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        CheckpointConverter.requireDifferent(checkpoint, out);
        try (SavedModel model = SavedModel.open(checkpoint, config, settings)) {
            switch (format) {
                case SAFETENSORS -> StateDictExport.safetensors(model, out);
                case PYTORCH -> StateDictExport.pytorch(model, out);
            }
            say(model);
        }
        return 0;
    }

    private void say(SavedModel model) {
        try {
            spec.commandLine()
                    .getOut()
                    .printf(
                            Locale.ROOT,
                            "%s: %d weights, %d classes, %.1f MB%n",
                            out,
                            model.weights().size(),
                            model.card().labels().size(),
                            Files.size(out) / 1e6);
        } catch (IOException e) {
            throw new UserException(out + ": was written but cannot be read (" + e.getMessage() + ").", e);
        }
    }
}
