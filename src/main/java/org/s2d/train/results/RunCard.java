package org.s2d.train.results;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.s2d.data.metrics.ConfusionMatrix;
import org.s2d.data.metrics.Interval;
import org.s2d.device.ImageNet;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.Position;
import org.s2d.train.checkpoint.RunFacts;
import org.s2d.train.checkpoint.RunInfo;
import org.s2d.train.config.TrainConfig;
import org.s2d.weights.Checkpoint;
import org.s2d.weights.StoredTensor;

/** What a checkpoint says about itself: model, classes, how its clips must look, what it learned from and how it did. */
public final class RunCard {
    static final String FILE = "model-card.md";

    private static final String USE = """

        ## Use

        ```
        ./s2d predict video.mp4 --model CHECKPOINT
        ./s2d evaluate CHECKPOINT --data LIST
        ```

        A list is read by class name, or by ids in the order above. `torch.load` opens the file too (key `model`).

        ## Limits

        The model names the class that a face's look resembles most among those it was trained on. It does not know what a person
        feels, it has no class for "something else", and faces unlike those it learned from (age, skin, pose, light, camera,
        culture) may be named worse than the figures above say: measure on your own. Its probabilities are as trustworthy as the
        reliability diagram of `./s2d report` shows. Do not decide about people by it.
        """;

    private final Checkpoint checkpoint;
    private final RunInfo info;
    private final TrainConfig config;

    private RunCard(Checkpoint checkpoint) {
        this.checkpoint = checkpoint;
        info = RunInfo.of(checkpoint);
        config = info.config();
    }

    /** The card of a checkpoint while that is open; throws {@link UserException} when no run of this program wrote it. */
    public static RunCard of(Checkpoint checkpoint) {
        return new RunCard(checkpoint);
    }

    /** Whether a checkpoint has a card. */
    public static boolean isIn(Checkpoint checkpoint) {
        return RunInfo.isRun(checkpoint);
    }

    /** The model in one sentence. */
    String sentence() {
        TrainConfig.Model model = config.model();
        String input = model.mode().equals("image") ? "photographs" : "clips of " + model.numFrames() + " frames";
        return String.format(
                Locale.ROOT,
                "%s for %s of %d × %d pixels, %d classes; %d blocks of width %d, %,d parameters.",
                (config.isS4d() ? "S4D" : "S2D") + (config.reconstructs() ? " masked auto-encoder" : " model"),
                input,
                model.imageSize(),
                model.imageSize(),
                info.labels().size(),
                model.depth(),
                model.embedDim(),
                checkpoint.tensors().values().stream()
                        .mapToLong(StoredTensor::numel)
                        .sum());
    }

    /** Terms and their descriptions, in order. */
    public Map<String, String> facts() {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Model", model());
        facts.put("Classes, in the order of the scores", String.join(", ", info.labels()));
        facts.put("Preprocessing", preprocessing());
        facts.put("Landmarks", landmarks());
        facts.put("Learned from", clips("train").orElse(config.data().train()));
        clips("val").ifPresent(text -> facts.put("Validated on", text));
        validation().ifPresent(text -> facts.put("Validation", text));
        facts.put("Recipe", recipe());
        if (!config.train().finetune().isEmpty()) {
            facts.put("Started from", config.train().finetune());
        }
        facts.put("Weights", weights());
        return facts;
    }

    private String model() {
        TrainConfig.Model model = config.model();
        return String.format(
                Locale.ROOT,
                "%s, patches of %d, %d heads; prompts %s (%s)%s; pooling %s",
                sentence().replaceFirst("\\.$", ""),
                model.patchSize(),
                model.numHeads(),
                model.promptType(),
                model.prompter(),
                model.mode().equals("image") ? "" : ", adapters over time: " + model.temporalAdapter(),
                model.globalPool());
    }

    private String preprocessing() {
        TrainConfig.Data data = config.data();
        int size = config.model().imageSize();
        String frames = config.model().numFrames() == 1
                ? ""
                : String.format(
                        Locale.ROOT,
                        "%d frames, one in %d of a video's; ",
                        config.model().numFrames(),
                        data.samplingRate());
        return frames + "faces cut out" + (data.grey() ? ", made grey" : "") + ", resized to " + size + " × " + size
                + " (bilinear), R, G, B / 255 less " + perChannel(ImageNet::mean) + " over "
                + perChannel(ImageNet::deviation);
    }

    private static String perChannel(IntFunction<Float> value) {
        return "(" + value.apply(0) + ", " + value.apply(1) + ", " + value.apply(2) + ")";
    }

    private String landmarks() {
        TrainConfig.Landmark landmark = config.landmark();
        if (landmark.network().equals("none")) {
            return "no network: maps of zeros";
        }
        String weights = landmark.weights().isEmpty()
                ? "random weights, seed " + landmark.seed()
                : "weights " + landmark.weights() + " (not inside the checkpoint)";
        return landmark.network() + ", frozen; " + weights;
    }

    private String weights() {
        String name = String.valueOf(checkpoint.path().getFileName());
        if (!info.hasState()) {
            return name + ", exported";
        }
        Position position = info.position();
        String steps = String.format(Locale.ROOT, "%s, after %,d optimiser steps", name, position.globalStep());
        return position.best() < 0
                ? steps
                : String.format(
                        Locale.ROOT,
                        "%s; best %s on validation so far %.4f, in epoch %d",
                        steps,
                        config.train().bestMetric().toUpperCase(Locale.ROOT),
                        position.best(),
                        position.bestEpoch());
    }

    private String recipe() {
        TrainConfig.Optim optim = config.optim();
        TrainConfig.Train train = config.train();
        return String.format(
                Locale.ROOT,
                "AdamW, learning rate %s, weight decay %s; %d epochs, %d clips a step, seed %d, %s; freeze rule %s;"
                        + " self-distillation %s",
                optim.lr(),
                optim.weightDecay(),
                train.epochs(),
                train.batchSize() * train.updateFreq(),
                train.seed(),
                train.precision(),
                train.freeze(),
                config.loss().sdl().enabled() ? "on" : "off");
    }

    /** The clips of a list that the checkpoint knows of. */
    private Optional<String> clips(String list) {
        if (!(info.section(RunFacts.DATA).get(list) instanceof Map<?, ?> facts)
                || !(facts.get("clips_per_class") instanceof List<?> counts)
                || counts.size() != info.labels().size()) {
            return Optional.empty();
        }
        List<String> parts = new ArrayList<>();
        long all = 0;
        for (int c = 0; c < counts.size(); c++) {
            long count = counts.get(c) instanceof Number number ? number.longValue() : 0;
            parts.add(info.labels().get(c) + " " + count);
            all += count;
        }
        return Optional.of(
                String.format(Locale.ROOT, "%,d clips of %s (%s)", all, facts.get("source"), String.join(", ", parts)));
    }

    private Optional<String> validation() {
        Map<?, ?> found = info.section(RunFacts.VALIDATION);
        if (found.get("uar") instanceof Number uar
                && found.get("war") instanceof Number war
                && found.get("epoch") instanceof Number epoch
                && found.get("clips") instanceof Number clips) {
            return Optional.of(String.format(
                    Locale.ROOT,
                    "UAR %.4f, WAR %.4f on %,d clips, epoch %d",
                    uar.doubleValue(),
                    war.doubleValue(),
                    clips.longValue(),
                    epoch.longValue()));
        }
        return Optional.empty();
    }

    /** For a terminal: a line for each term, long ones folded. */
    public String text() {
        StringBuilder text = new StringBuilder();
        facts().forEach((term, description) -> {
            text.append(term).append(":\n");
            StringBuilder line = new StringBuilder("   ");
            for (String word : description.split(" ", -1)) {
                if (line.length() + 1 + word.length() > 100) {
                    text.append(line).append('\n');
                    line = new StringBuilder("   ");
                }
                line.append(' ').append(word);
            }
            text.append(line).append('\n');
        });
        return text.toString();
    }

    /** Writes {@code model-card.md}, with results on test clips where there are any. */
    public void write(RunFolder run, Evaluator.@Nullable Summary tested, String source) {
        StringBuilder text = new StringBuilder("# Model card\n\n" + sentence() + "\n\n");
        facts().forEach((term, description) -> text.append("* **")
                .append(term)
                .append(":** ")
                .append(description)
                .append('\n'));
        if (tested != null) {
            results(text, tested, source);
        }
        text.append(USE.replace("CHECKPOINT", run.weights().toString()));
        run.writeText(FILE, text.toString());
    }

    private static void results(StringBuilder text, Evaluator.Summary tested, String source) {
        ConfusionMatrix matrix = tested.matrix();
        Interval uar = Interval.bootstrap(matrix, ConfusionMatrix::uar, Evaluator.BOOTSTRAPS, 0);
        Interval war = Interval.wilson(matrix.correct(), matrix.total());
        text.append(String.format(
                Locale.ROOT,
                "%n## Results%n%n%,d clips of `%s`; 95 %% intervals (UAR: bootstrap, else Wilson).%n%n"
                        + "| | | interval |%n|---|---|---|%n"
                        + "| UAR | %.4f | %.4f to %.4f |%n| WAR | %.4f | %.4f to %.4f |%n",
                matrix.total(),
                source,
                matrix.uar(),
                uar.low(),
                uar.high(),
                matrix.war(),
                war.low(),
                war.high()));
        for (int c = 0; c < matrix.classes(); c++) {
            if (matrix.support(c) > 0) {
                Interval recall = Interval.wilson(matrix.count(c, c), matrix.support(c));
                text.append(String.format(
                        Locale.ROOT,
                        "| recall of %s (%d clips) | %.4f | %.4f to %.4f |%n",
                        tested.labels().get(c),
                        matrix.support(c),
                        matrix.recall(c),
                        recall.low(),
                        recall.high()));
            }
        }
    }
}
