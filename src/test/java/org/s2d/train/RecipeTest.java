package org.s2d.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.s2d.device.cuda.Emulators;
import org.s2d.report.RunLog;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;

/** The options of the authors' recipe, each at work in runs of seconds. */
class RecipeTest {
    @TempDir
    static Path data;

    private static Path list = Path.of("");

    @TempDir
    Path runs;

    @BeforeAll
    static void writeClips() throws IOException {
        list = TinyClips.write(data, 12);
    }

    private static void train(List<String> settings, @Nullable Path resume, BooleanSupplier stop) {
        TrainConfig config = ConfigReader.read(null, settings);
        new Trainer(config, new PrintWriter(new StringWriter()), stop).run(resume);
    }

    private Path train(String name, String... more) {
        Path run = runs.resolve(name);
        List<String> settings = TinyClips.settings(list, run);
        settings.addAll(List.of("train.epochs=2", "data.num_workers=3"));
        settings.addAll(List.of(more));
        train(settings, null, () -> false);
        return run;
    }

    private static List<Double> losses(Path run) {
        return RunLog.read(run.resolve("steps.jsonl")).stream()
                .map(row -> row.get("loss").asDouble())
                .toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "data.augment.mixup_mode=pair train.precision=fp32 data.augment.remode=rand"
                        + " data.augment.aa=rand-m9-n2-mstd0.5-w0",
                "data.augment.mixup_mode=elem train.precision=bf16 data.augment.remode=const"
                        + " data.augment.aa=rand-m7-n3-inc1",
                "data.augment.mixup_mode=batch train.precision=bf16 train.freeze=s2d_freeze_prompters"
                        + " data.balanced=false",
            })
    void everyFormOfTheRecipeRepeatsAndResumesInAnEpochWithTheSameBits(String form) {
        List<String> whole = recipe(form, "whole");
        train(whole, null, () -> false);
        List<String> broken = recipe(form, "broken");
        AtomicInteger asked = new AtomicInteger();
        train(broken, null, () -> asked.incrementAndGet() == 4);
        Path last = runs.resolve("broken/last.pth");
        assertThat(RunLog.read(runs.resolve("broken/steps.jsonl"))).hasSize(4);
        train(broken, last, () -> false);
        assertThat(TrainerTest.tensors(last)).isEqualTo(TrainerTest.tensors(runs.resolve("whole/last.pth")));
        assertThat(losses(runs.resolve("broken"))).isEqualTo(losses(runs.resolve("whole")));
    }

    /** Two epochs of three steps. */
    private List<String> recipe(String form, String name) {
        List<String> settings = TinyClips.everything(list, runs.resolve(name));
        settings.addAll(List.of("train.epochs=2", "data.num_workers=3"));
        settings.addAll(List.of(form.split(" ")));
        return settings;
    }

    @Test
    void aLossScaleChangesNoBitInSinglePrecision() {
        Path plain = train("plain");
        Path scaled = train("scaled", "optim.loss_scale=65536");
        assertThat(TrainerTest.tensors(scaled.resolve("last.pth")))
                .isEqualTo(TrainerTest.tensors(plain.resolve("last.pth")));
    }

    @Test
    void aStepWhoseGradientsOverflowIsLeftOutAndTheScaleHalved() {
        Path run = train("overflow", "optim.loss_scale=1e39", "optim.ema_decay=0.9", "train.epochs=4");
        List<JsonNode> steps = RunLog.read(run.resolve("steps.jsonl"));
        assertThat(steps.get(0).has("grad_norm")).isFalse();
        assertThat(steps.get(0).get("loss_scale").asDouble()).isEqualTo(1e39);
        assertThat(steps.get(1).get("loss_scale").asDouble()).isEqualTo(5e38);
        assertThat(steps.getLast().get("grad_norm").asDouble()).isFinite().isPositive();
        assertThat(losses(run)).allMatch(Double::isFinite);
    }

    @Test
    void repeatedAugmentationMakesTheBatchLargerAndChangesNothingElse() {
        List<String> once = new ArrayList<>(
                losses(train("once")).stream().map(String::valueOf).toList());
        List<String> twice = losses(train("twice", "data.augment.num_sample=2")).stream()
                .map(String::valueOf)
                .toList();
        // Without random changes both versions of a clip are alike, and so is the mean of their losses.
        assertThat(twice).hasSameSizeAs(once);
        assertThat(Double.parseDouble(twice.getFirst())).isCloseTo(Double.parseDouble(once.getFirst()), within(1e-6));
    }

    @Test
    void halfPrecisionTrainsOnTheKernelsAsSinglePrecisionDoes() {
        Emulators.assumeCompiler();
        String[] small = {
            "train.epochs=1", "train.batch_size=6", "model.depth=1", "model.num_frames=2", "model.image_size=16"
        };
        Path half = train("half", with(small, "train.device=emulator", "train.precision=fp16"));
        Path single = train("single", with(small));
        List<JsonNode> steps = RunLog.read(half.resolve("steps.jsonl"));
        assertThat(steps.getFirst().get("loss_scale").asDouble()).isEqualTo(65536);
        for (int i = 0; i < steps.size(); i++) {
            assertThat(losses(half).get(i)).isCloseTo(losses(single).get(i), within(5e-3));
        }
    }

    private static String[] with(String[] settings, String... more) {
        List<String> all = new ArrayList<>(List.of(settings));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    @Test
    void halfPrecisionOnTheCpuIsRefusedBeforeAnythingStarts() {
        assertThatThrownBy(() -> train("cpu", "train.precision=fp16"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("fp16 on the CPU");
    }
}
