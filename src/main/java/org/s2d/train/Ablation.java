package org.s2d.train;

import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.results.RunFolder;

/**
 * Variants of a configuration, each trained with every seed and tested, and one table that compares them: {@code ablation.txt},
 * {@code ablation.csv} and {@code ablation.md}. Run again, it goes on where it was; the table is written anew after every test.
 */
public final class Ablation {
    private final AblationPlan plan;
    private final PrintWriter out;
    private final TrainAndTest runner;

    private Ablation(AblationPlan plan, PrintWriter out, BooleanSupplier stop) {
        this.plan = plan;
        this.out = out;
        runner = new TrainAndTest(out, stop);
    }

    /**
     * Runs what a grid file asks for, or continues it.
     *
     * @param output folder instead of the file's; null: the file's
     * @param settings {@code key=value} for all variants, after the file's {@code set}
     * @throws UserException for a wrong grid or configuration, before anything is trained
     */
    public static Trainer.Outcome run(
            Path grid, @Nullable String output, List<String> settings, PrintWriter out, BooleanSupplier stop) {
        AblationPlan plan = AblationPlan.read(grid).with(settings);
        return new Ablation(output == null ? plan : plan.into(output), out, stop).run();
    }

    private Trainer.Outcome run() {
        requireConfigurations();
        RunFolder folder = RunFolder.create(plan.output());
        Map<String, List<TestResult>> results = new LinkedHashMap<>();
        int runs = plan.variants().size() * plan.seeds().size();
        int number = 0;
        // Seed by seed, so that every variant has a first result early.
        for (long seed : plan.seeds()) {
            for (String variant : plan.variants().keySet()) {
                say("== run " + ++number + " of " + runs + ": " + variant + ", seed " + seed);
                Optional<TestResult> result = train(variant, seed);
                if (result.isEmpty()) {
                    say("stopped. The same command continues.");
                    return Trainer.Outcome.STOPPED;
                }
                results.computeIfAbsent(variant, unseen -> new ArrayList<>()).add(result.get());
                write(folder, results);
            }
        }
        say("");
        say(table(results).text().strip());
        return Trainer.Outcome.FINISHED;
    }

    /** All configurations, so that a mistake in the last variant shows before the first is trained. */
    private void requireConfigurations() {
        for (String variant : plan.variants().keySet()) {
            TrainConfig config = plan.config(variant, plan.seeds().getFirst());
            if (config.data().test().isEmpty()) {
                throw new UserException("data.test: no list to compare the variants on. Set it in the configuration.");
            }
            Path image = plan.image();
            if (image != null) {
                plan.imageConfig(image, variant, plan.seeds().getFirst());
            }
        }
    }

    private Optional<TestResult> train(String variant, long seed) {
        TrainConfig config = plan.config(variant, seed);
        Path image = plan.image();
        if (image == null) {
            return runner.run(config);
        }
        TrainConfig first = plan.imageConfig(image, variant, seed);
        if (!runner.train(first)) {
            return Optional.empty();
        }
        Path best = Path.of(first.train().outputDir()).resolve("best.pth");
        String start = Files.exists(best)
                ? best.toString()
                : best.resolveSibling("last.pth").toString();
        return runner.run(ConfigReader.with(config, List.of("train.finetune=" + start)));
    }

    private AblationTable table(Map<String, List<TestResult>> results) {
        return AblationTable.of(results, plan.seeds().size());
    }

    private void write(RunFolder folder, Map<String, List<TestResult>> results) {
        AblationTable table = table(results);
        folder.writeText("ablation.txt", table.text());
        folder.writeText("ablation.md", table.markdown());
        folder.writeText("ablation.csv", table.csv());
    }

    private void say(String line) {
        out.println(line);
        out.flush();
    }
}
