package org.s2d.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.report.Reported;
import org.s2d.tensor.UserException;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.results.RunFolder;
import org.s2d.train.results.RunPictures;

/**
 * All folds of a configuration one after another, trained and tested, and their mean: {@code folds.txt}, {@code folds.csv} and
 * {@code folds.json} in the output folder, with published results beside ours where {@code data.benchmark} names them.
 */
public final class CrossValidation {
    private static final int BOOTSTRAPS = 1000;

    private final TrainConfig config;
    private final PrintWriter out;
    private final BooleanSupplier stop;

    /** A cross-validation that has not begun; {@code config} is that of all folds. */
    CrossValidation(TrainConfig config, PrintWriter out, BooleanSupplier stop) {
        this.config = config;
        this.out = out;
        this.stop = stop;
    }

    /**
     * Runs what is not finished yet, until told to stop.
     *
     * @param resume whether runs that are there already are continued
     * @throws UserException for wrong input, and where runs are there already and {@code resume} is false
     */
    Trainer.Outcome run(boolean resume) {
        List<TrainConfig> folds = Folds.chosen(config, Folds.ALL);
        for (TrainConfig own : folds) {
            if (!resume && TrainAndTest.hasBegun(own)) {
                throw new UserException(
                        own.train().outputDir() + ": has a run already. Continue the folds with --resume,"
                                + " or choose another train.output_dir.");
            }
        }
        RunFolder folder = RunFolder.create(folder());
        TrainAndTest runner = new TrainAndTest(out, stop);
        TreeMap<Integer, TestResult> results = new TreeMap<>();
        for (int fold = 1; fold <= folds.size(); fold++) {
            say("== fold " + fold + " of " + folds.size() + ": "
                    + folds.get(fold - 1).train().outputDir());
            Optional<TestResult> result = runner.run(folds.get(fold - 1));
            if (result.isEmpty()) {
                say("stopped in fold " + fold + " of " + folds.size() + ". Continue with --fold all --resume.");
                return Trainer.Outcome.STOPPED;
            }
            results.put(fold, result.get());
            write(folder, results);
        }
        return Trainer.Outcome.FINISHED;
    }

    /** Where the table goes: the output folder, or the part of its name before the placeholder. */
    private String folder() {
        String output = config.train().outputDir();
        int placeholder = output.indexOf("{fold}");
        if (placeholder < 0) {
            return output;
        }
        int slash = output.lastIndexOf('/', placeholder);
        return slash < 0 ? "." : output.substring(0, slash);
    }

    private void write(RunFolder folder, SortedMap<Integer, TestResult> results) {
        FoldTable table = new FoldTable(
                config.data().folds(),
                matrices(results),
                Reported.of(config.data().benchmark()));
        folder.writeText("folds.txt", table.text());
        folder.writeText("folds.csv", table.csv());
        folder.writeText("folds.json", json(results, table));
        RunPictures.confusion(
                folder.file("confusion.png"),
                "All folds, test",
                results.firstEntry().getValue().names(),
                sum(matrices(results).values().stream().toList()));
        if (results.size() == config.data().folds()) {
            say("");
            say(table.text().strip());
        }
    }

    private static SortedMap<Integer, ConfusionMatrix> matrices(SortedMap<Integer, TestResult> results) {
        TreeMap<Integer, ConfusionMatrix> matrices = new TreeMap<>();
        results.forEach((fold, result) -> matrices.put(fold, result.matrix()));
        return matrices;
    }

    private static ConfusionMatrix sum(List<ConfusionMatrix> matrices) {
        return matrices.stream().reduce(ConfusionMatrix::plus).orElseThrow();
    }

    private String json(SortedMap<Integer, TestResult> results, FoldTable table) {
        ObjectMapper mapper = new ObjectMapper();
        ObjectNode root = mapper.createObjectNode();
        root.put("folds", config.data().folds());
        root.put("finished", results.size());
        root.set("labels", mapper.valueToTree(results.firstEntry().getValue().names()));
        ArrayNode folds = root.putArray("results");
        matrices(results).forEach((fold, matrix) -> {
            ObjectNode row = folds.addObject().put("fold", fold).put("clips", matrix.total());
            row.put("uar", matrix.uar());
            row.set(
                    "uar_interval",
                    mapper.valueToTree(Interval.bootstrap(matrix, ConfusionMatrix::uar, BOOTSTRAPS, fold)));
            row.put("war", matrix.war());
            row.set("war_interval", mapper.valueToTree(Interval.wilson(matrix.correct(), matrix.total())));
            row.set("confusion", mapper.valueToTree(matrix.counts()));
        });
        root.putObject("mean")
                .put("uar", table.uar().mean())
                .put("war", table.war().mean());
        if (results.size() > 1) {
            root.putObject("deviation")
                    .put("uar", table.uar().deviation())
                    .put("war", table.war().deviation());
        }
        ArrayNode published = root.putArray("reported");
        for (Reported row : Reported.of(config.data().benchmark())) {
            published
                    .addObject()
                    .put("variant", row.variant())
                    .put("fold", row.fold() == 0 ? "mean" : Integer.toString(row.fold()))
                    .put("uar", row.uar())
                    .put("war", row.war())
                    .put("source", row.source());
        }
        try {
            return mapper.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private void say(String line) {
        out.println(line);
        out.flush();
    }
}
