package org.s2d.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.UserException;
import org.s2d.train.results.RunCard;
import org.s2d.weights.Checkpoint;
import org.s2d.weights.StateDictMatch;
import org.s2d.weights.StateDictMatcher;
import org.s2d.weights.StoredTensor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        description = "Show what is in a checkpoint, and how it fits a model; or show a model.",
        footer = {
            "",
            "Of a checkpoint that this program wrote also its card: classes, preprocessing, data, results.",
            "Reads .pth, .pt, .pth.tar (both PyTorch formats), .safetensors, .npy, .npz; runs nothing a file may"
                    + " contain.",
            "",
            "Examples:",
            "  ./s2d inspect checkpoint-best.pth",
            "  ./s2d inspect checkpoint-best.pth --model s2d-base",
            "  ./s2d inspect --model s2d-base",
        })
final class InspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", arity = "0..1", description = "A checkpoint.")
    private @Nullable Path file;

    @Option(names = "--model", paramLabel = "NAME", description = ModelOutline.NAMES)
    private @Nullable String model;

    @Option(
            names = "--num-classes",
            defaultValue = "7",
            description = "Classes of the model. Default: ${DEFAULT-VALUE}.")
    private int classes = 7;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        ModelOutline outline = model == null ? null : ModelOutline.of(model, classes);
        if (file == null) {
            if (outline == null) {
                throw new UserException("inspect: name a FILE, or a model with --model.");
            }
            outline.print(out);
            return 0;
        }
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            printTensors(checkpoint, out);
            if (RunCard.isIn(checkpoint)) {
                out.println();
                out.print(RunCard.of(checkpoint).text());
                out.flush();
            }
            return outline == null ? 0 : printMatch(checkpoint, outline, out);
        }
    }

    private static void printTensors(Checkpoint checkpoint, PrintWriter out) {
        int width = checkpoint.tensors().keySet().stream()
                .mapToInt(String::length)
                .max()
                .orElse(4);
        for (StoredTensor tensor : checkpoint.tensors().values()) {
            out.printf("%-" + width + "s  %-5s %s%n", tensor.name(), tensor.storedDtype(), tensor.shape());
        }
        long numbers = checkpoint.tensors().values().stream()
                .mapToLong(StoredTensor::numel)
                .sum();
        OptionalInt found = StateDictMatcher.classCount(checkpoint.shapes());
        out.printf(
                Locale.ROOT,
                "%n%s, %,d tensors, %,d numbers%s%n",
                checkpoint.format().description(),
                checkpoint.tensors().size(),
                numbers,
                found.isPresent() ? ", " + found.getAsInt() + " classes" : "");
    }

    private int printMatch(Checkpoint checkpoint, ModelOutline outline, PrintWriter out) {
        StateDictMatch match = outline.match(checkpoint.shapes());
        match.report().forEach(out::println);
        out.println(
                match.isComplete()
                        ? "fits " + model + ": nothing missing, nothing unexpected"
                        : "does not fit " + model);
        return match.isComplete() ? 0 : Main.FAILED;
    }
}
