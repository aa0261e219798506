package org.s2d.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.s2d.train.results.RunComparison;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        description = "Compare runs: scores with intervals, tests on the same clips, settings, curves.",
        footer = {
            "",
            "Each run is measured against the first: paired bootstrap of the difference in",
            "UAR and WAR, and McNemar's exact test. Takes the predictions of ./s2d report,",
            "else those of ./s2d evaluate --output RUN/test.",
            "",
            "Examples:",
            "  ./s2d compare runs/with-sdl runs/without-sdl",
            "  ./s2d compare runs/a runs/b runs/c --output runs/compared",
            "  ./s2d compare runs/a runs/b --format csv",
        })
final class CompareCommand implements Callable<Integer> {
    private enum Format {
        TEXT,
        CSV
    }

    @Parameters(arity = "2..*", paramLabel = "RUN", description = "Folders of runs; the first is the yardstick.")
    private List<Path> runs = new ArrayList<>();

    @Option(
            names = "--format",
            defaultValue = "text",
            description = "What is printed: text or csv. Default: ${DEFAULT-VALUE}.")
    private Format format = Format.TEXT;

    @Option(names = "--output", paramLabel = "DIR", description = "Folder for compare.html, compare.csv, curves.png.")
    private @Nullable Path output;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        RunComparison comparison = RunComparison.of(runs, new ConsoleProgress(err, "runs"));
        out.print(format == Format.CSV ? comparison.csv() : comparison.text());
        if (output != null) {
            Path page = comparison.write(output);
            (format == Format.CSV ? err : out).println("see " + page);
        }
        out.flush();
        return 0;
    }
}
