package org.s2d.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.train.results.Evaluator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "evaluate",
        mixinStandardHelpOptions = true,
        description = "Evaluate a checkpoint on labelled clips by the multi-view protocol.",
        footer = {
            "",
            "Example:",
            "  ./s2d evaluate runs/first/best.pth --data lists/test.csv --output runs/first/test",
        })
final class EvaluateCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CHECKPOINT", description = "Checkpoint of a run, or weights together with --config.")
    private Path checkpoint = Path.of("");

    @Option(names = "--data", paramLabel = "LIST", description = "Annotation list. Default: data.test of the run.")
    private @Nullable String data;

    @Option(names = "--root", paramLabel = "DIR", description = "Folder of the clips. Default: data.root of the run.")
    private @Nullable String root;

    @Option(names = "--config", paramLabel = "FILE", description = "Configuration instead of the checkpoint's own.")
    private @Nullable Path config;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key. Repeatable.")
    private List<String> settings = new ArrayList<>();

    @Option(names = "--photos", description = "Evaluate the photographs' head of an S4D model; lists are photos.*.")
    private boolean photos;

    @Option(names = "--output", paramLabel = "DIR", description = "Where predictions, metrics and picture go.")
    private @Nullable Path output;

    @Option(names = "--device", paramLabel = "cpu|reference", description = "Default: that of the run.")
    private @Nullable String device;

    @Option(names = "--precision", paramLabel = "fp32|bf16", description = "Default: that of the run.")
    private @Nullable String precision;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: that of the run.")
    private @Nullable Integer threads;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<String> all = new ArrayList<>(settings);
        add(all, photos ? "photos.test" : "data.test", data);
        add(all, photos ? "photos.root" : "data.root", root);
        add(all, "train.device", device);
        add(all, "train.precision", precision);
        add(all, "train.threads", threads);
        Evaluator.Request request = new Evaluator.Request(checkpoint, config, all, photos, output);
        Evaluator.evaluate(
                request,
                spec.commandLine().getOut(),
                new ConsoleProgress(spec.commandLine().getErr(), "views"));
        return 0;
    }

    static void add(List<String> settings, String key, @Nullable Object value) {
        if (value != null) {
            settings.add(key + "=" + value);
        }
    }
}
