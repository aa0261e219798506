package org.s2d.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.train.results.RunReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description = "Draw what a run learned, as one HTML page and as pictures.",
        footer = {
            "",
            "Runs the best weights over the test clips. Writes into the run's folder:",
            "report.html (one file, opens without a network), model-card.md, pictures for",
            "TensorBoard, and in report/ each table and picture by itself: confusion,",
            "recall, reliability, t-SNE of features, attention over faces, worst mistakes.",
            "",
            "Examples:",
            "  ./s2d report runs/my",
            "  ./s2d report runs/my --data test.csv --root clips/",
            "  ./s2d report runs/my --beside runs/without-prompts",
        })
final class ReportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "RUN", description = "Folder of a run.")
    private Path run = Path.of("");

    @Option(names = "--data", paramLabel = "LIST", description = "Annotation list. Default: the run's data.test.")
    private @Nullable String data;

    @Option(names = "--root", paramLabel = "DIR", description = "Folder of the clips. Default: data.root of the run.")
    private @Nullable String root;

    @Option(
            names = "--beside",
            paramLabel = "RUN",
            description = "Draw the attention of this run's model on the same faces too.")
    private @Nullable Path beside;

    @Option(names = "--logs-only", description = "Only curves and facts: read neither clips nor landmark weights.")
    private boolean logsOnly;

    @Option(names = "--set", paramLabel = "KEY=VALUE", description = "Override a key. Repeatable.")
    private List<String> settings = new ArrayList<>();

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: that of the run.")
    private @Nullable Integer threads;

    @Option(names = "--precision", paramLabel = "fp32|bf16", description = "Default: that of the run.")
    private @Nullable String precision;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        List<String> all = new ArrayList<>(settings);
        EvaluateCommand.add(all, "data.test", data);
        EvaluateCommand.add(all, "data.root", root);
        EvaluateCommand.add(all, "train.threads", threads);
        EvaluateCommand.add(all, "train.precision", precision);
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        RunReport.Request request = new RunReport.Request(run, all, beside, logsOnly);
        Path page = RunReport.write(request, out, stage -> new ConsoleProgress(err, stage));
        out.println("see " + page);
        return 0;
    }
}
