package org.s2d.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dFlops;

/**
 * {@code ./s2d bench [PATTERN] [JMH options]}: runs the benchmarks, writes JMH's JSON to {@code bench/results/latest.json} and prints a Markdown
 * table with the rate of arithmetic and the fraction of the matrix-product rate seen in the same run.
 */
public final class Bench {
    private Bench() {}

    public static void main(String[] args) throws RunnerException, IOException {
        Path results = Path.of("bench", "results", "latest.json");
        Files.createDirectories(results.toAbsolutePath().getParent());
        try {
            CommandLineOptions options = new CommandLineOptions(args);
            if (options.shouldHelp()) {
                options.showHelp();
                return;
            }
            Collection<RunResult> runs = new Runner(new OptionsBuilder()
                            .parent(options)
                            .shouldFailOnError(true)
                            .resultFormat(ResultFormatType.JSON)
                            .result(results.toString())
                            .build())
                    .run();
            System.out.println(table(runs));
        } catch (CommandLineOptionException e) {
            System.err.println("s2d: bench: " + e.getMessage() + " See ./s2d bench -h.");
            System.exit(2);
        }
    }

    /** A Python with NumPy, Pillow and OpenCV: S2D_PYTHON, or python3. */
    static String python() {
        return System.getenv().getOrDefault("S2D_PYTHON", "python3");
    }

    private static String table(Collection<RunResult> runs) {
        StringBuilder out = new StringBuilder(
                "| benchmark | precision | per second | GFLOP/s | of the product rate |\n|---|---|---|---|---|\n");
        for (RunResult run : runs) {
            String precision = run.getParams().getParam("precision");
            double rate = run.getPrimaryResult().getScore();
            double gflops = rate * flops(run) / 1e9;
            double ceiling = ceiling(run);
            out.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %.3f ± %.3f | %.0f | %s |%n",
                    name(run),
                    precision,
                    rate,
                    run.getPrimaryResult().getScoreError(),
                    gflops,
                    Double.isNaN(ceiling) ? "-" : String.format(Locale.ROOT, "%.0f %%", 100 * gflops / ceiling)));
        }
        return out.toString();
    }

    /** GFLOP/s of the matrix product, measured around this benchmark's own iterations; NaN for the product itself. */
    private static double ceiling(RunResult run) {
        Result<?> products = run.getSecondaryResults().get("productRate");
        return products == null ? Double.NaN : products.getStatistics().getMean() * MatmulBenchmark.flops() / 1e9;
    }

    private static String name(RunResult run) {
        String full = run.getParams().getBenchmark();
        return full.substring(full.lastIndexOf('.') + 1);
    }

    private static double flops(RunResult run) {
        S2dFlops clip = S2dFlops.of(S2dConfig.base(7));
        return switch (name(run)) {
            case "product" -> MatmulBenchmark.flops();
            case "forward" -> clip.forward();
            case "trainingStep" -> clip.fineTuningStep();
            default ->
                throw new IllegalStateException(
                        "no operation count for " + run.getParams().getBenchmark());
        };
    }
}
