package org.s2d.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.export.OnnxExport;
import org.s2d.export.StateDictExport;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.ModelCard;
import org.s2d.train.checkpoint.SavedModel;
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
            "ONNX: input frames [B, 3, T, H, W], normalised; outputs logits, probabilities, features and, with a"
                    + " landmark network, landmarks. The landmark network is inside. An S4D model becomes a file for"
                    + " clips or, with --photos (T = 1), one for photographs.",
            "",
            "Examples:",
            "  ./s2d export runs/my/best.pth --format safetensors --out my.safetensors",
            "  ./s2d export runs/my/best.pth --format pytorch --out my.pth",
            "  ./s2d export runs/my/best.pth --format onnx --out my.onnx",
            "  ./s2d export dfew_fold1.pth --config configs/dfew.yaml \\",
            "      --format pytorch --out dfew.pth",
        })
final class ExportCommand implements Callable<Integer> {
    /** Kinds of files. */
    enum Format {
        SAFETENSORS,
        PYTORCH,
        ONNX
    }

    @Parameters(paramLabel = "CHECKPOINT", description = "Checkpoint of a run, or weights together with --config.")
    private Path checkpoint = Path.of("");

    @Option(names = "--format", required = true, paramLabel = "KIND", description = "safetensors, pytorch or onnx.")
    private Format format = Format.SAFETENSORS;

    @Option(names = "--out", required = true, paramLabel = "FILE", description = "Where to write.")
    private Path out = Path.of("");

    @Option(names = "--config", paramLabel = "FILE", description = "Configuration instead of the checkpoint's own.")
    private @Nullable Path config;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key. Repeatable.")
    private List<String> settings = new ArrayList<>();

    @Option(
            names = "--opset",
            paramLabel = "N",
            description = "ONNX: version of the operators, 17 to 22. Default: 17, which the most programs read.")
    private @Nullable Integer opset;

    @Option(names = "--batch", paramLabel = "B", description = "ONNX: clips per call. Default: any number.")
    private @Nullable Integer batch;

    @Option(names = "--photos", description = "ONNX: the photographs' head of an S4D model; without it that of clips.")
    private boolean photos;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        CheckpointConverter.requireDifferent(checkpoint, out);
        OnnxExport.Options onnx = onnxOptions();
        try (SavedModel model = SavedModel.open(checkpoint, config, settings)) {
            long bytes = switch (format) {
                case SAFETENSORS -> StateDictExport.safetensors(model, out);
                case PYTORCH -> StateDictExport.pytorch(model, out);
                case ONNX -> OnnxExport.write(model, onnx, out);
            };
            int weights = model.weights().size();
            ModelCard card = model.card();
            int classes = (photos ? card.photoLabels() : card.labels()).size();
            spec.commandLine()
                    .getOut()
                    .printf(Locale.ROOT, "%s: %d weights, %d classes, %.1f MB%n", out, weights, classes, bytes / 1e6);
        }
        return 0;
    }

    private OnnxExport.Options onnxOptions() {
        if (format != Format.ONNX && (opset != null || batch != null || photos)) {
            throw new UserException("--opset, --batch and --photos are for --format onnx only.");
        }
        if (batch != null && batch < 1) {
            throw new UserException("--batch " + batch + ": must be at least 1. Leave it out for any number.");
        }
        OnnxExport.Options options =
                OnnxExport.Options.of(opset == null ? OnnxExport.DEFAULT_OPSET : opset, batch == null ? 0 : batch);
        return photos ? options.ofPhotos() : options;
    }
}
