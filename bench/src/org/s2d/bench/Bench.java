package org.s2d.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;
import org.openjdk.jmh.util.Optional;
import org.s2d.check.kernels.CheckedKernel;
import org.s2d.report.BarChart;
import org.s2d.report.LineChart;

/**
 * {@code ./s2d bench [--rounds N] [PATTERN] [JMH options]} runs benchmarks, all of them once in each round, so that ours and the peers' take turns,
 * and writes {@code bench/results/latest.json}, {@code .md} and {@code .png}. {@code ./s2d bench --compare BEFORE.json AFTER.json} compares two runs.
 */
public final class Bench {
    private static final Path RESULTS = Path.of("bench", "results");

    private Bench() {}

    public static void main(String[] args) throws RunnerException, IOException {
        List<String> left = new ArrayList<>(Arrays.asList(args));
        try {
            if (left.remove("--compare")) {
                compare(left);
                return;
            }
            int rounds = rounds(left);
            CommandLineOptions options = new CommandLineOptions(left.toArray(String[]::new));
            if (options.shouldHelp()) {
                options.showHelp();
                return;
            }
            List<BenchmarkListEntry> chosen = chosen(options);
            left.removeAll(options.getIncludes()); // JMH would add them to the one that is run
            List<String> failures = new ArrayList<>();
            List<Row> rows = run(chosen, new CommandLineOptions(left.toArray(String[]::new)), rounds, failures);
            write(Results.of(rows, String.join(" ", args)));
            if (!failures.isEmpty()) {
                System.err.println("s2d: bench: failed, see above: " + failures);
                System.exit(1);
            }
        } catch (CommandLineOptionException | IllegalArgumentException e) {
            System.err.println("s2d: bench: " + e.getMessage() + " See ./s2d bench -h.");
            System.exit(2);
        }
    }

    private static int rounds(List<String> left) {
        int at = left.indexOf("--rounds");
        if (at < 0) {
            return 1;
        }
        if (at + 1 == left.size() || !left.get(at + 1).matches("[1-9]\\d?")) {
            throw new IllegalArgumentException("--rounds needs a number from 1 to 99.");
        }
        left.remove(at);
        return Integer.parseInt(left.remove(at));
    }

    /** Results of everything that passed its check; what did not is told and remembered in {@code failures}. */
    private static List<Row> run(
            List<BenchmarkListEntry> chosen, CommandLineOptions options, int rounds, List<String> failures)
            throws RunnerException {
        Map<String, List<RunResult>> runs = new LinkedHashMap<>();
        for (int i = 0; i < rounds; i++) {
            for (BenchmarkListEntry benchmark : chosen) {
                Options one = options(options, benchmark);
                Collection<RunResult> results = new Runner(one).run();
                results.forEach(run -> runs.computeIfAbsent(run.getParams().id(), _ -> new ArrayList<>())
                        .add(run));
                if (results.size() < combinations(one, benchmark)) {
                    failures.add(benchmark.getUsername());
                }
            }
        }
        return runs.values().stream().map(Row::of).toList();
    }

    private static List<BenchmarkListEntry> chosen(CommandLineOptions options) {
        List<String> patterns = options.getIncludes().isEmpty() ? List.of(".*") : options.getIncludes();
        OutputFormat silent = OutputFormatFactory.createFormatInstance(System.out, VerboseMode.SILENT);
        return List.copyOf(BenchmarkList.defaultList().find(silent, patterns, options.getExcludes()));
    }

    private static Options options(CommandLineOptions options, BenchmarkListEntry benchmark) {
        ChainedOptionsBuilder builder = new OptionsBuilder()
                .parent(options)
                .include("^" + Pattern.quote(benchmark.getUsername()) + "$")
                .shouldFailOnError(false);
        if (!options.getParameter(KernelBenchmark.PARAMETER).hasValue()) {
            builder.param(KernelBenchmark.PARAMETER, CheckedKernel.names().toArray(String[]::new));
        }
        return builder.build();
    }

    /** How many results a benchmark should give: one for each combination of its parameters. */
    private static long combinations(Options options, BenchmarkListEntry benchmark) {
        long count = 1;
        if (benchmark.getParams().hasValue()) {
            for (Map.Entry<String, String[]> parameter :
                    benchmark.getParams().get().entrySet()) {
                Optional<Collection<String>> given = options.getParameter(parameter.getKey());
                count *= given.hasValue() ? given.get().size() : parameter.getValue().length;
            }
        }
        return count;
    }

    private static void write(Results results) throws IOException {
        results.write(RESULTS.resolve("latest.json"));
        String table = Tables.markdown(results);
        Files.writeString(RESULTS.resolve("latest.md"), table);
        BarChart chart = Tables.chart(results);
        if (!chart.names().isEmpty()) {
            chart.write(RESULTS.resolve("latest.png"));
        }
        LineChart scaling = Tables.scalingChart(results);
        if (!scaling.series().isEmpty()) {
            scaling.write(RESULTS.resolve("latest-scaling.png"));
        }
        System.out.println(table);
    }

    private static void compare(List<String> files) throws IOException {
        if (files.size() != 2) {
            throw new IllegalArgumentException("--compare needs two files of results.");
        }
        System.out.println(
                Tables.comparison(Results.read(Path.of(files.getFirst())), Results.read(Path.of(files.getLast()))));
    }

    /** A Python with NumPy, Pillow and OpenCV: S2D_PYTHON, or python3. */
    static String python() {
        return System.getenv().getOrDefault("S2D_PYTHON", "python3");
    }
}
