package org.s2d.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.report.RunLog;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.results.Evaluator;
import org.s2d.weights.Checkpoint;

class TrainerTest {
    private static final int CLIPS = 24;

    @TempDir
    static Path data;

    private static Path list = Path.of("");

    @TempDir
    Path runs;

    @BeforeAll
    static void writeClips() throws IOException {
        list = TinyClips.write(data, CLIPS);
    }

    private static String train(List<String> settings, @Nullable Path resume, BooleanSupplier stop) {
        StringWriter out = new StringWriter();
        new Trainer(ConfigReader.read(null, settings), new PrintWriter(out), stop).run(resume);
        return out.toString();
    }

    private static String train(List<String> settings) {
        return train(settings, null, () -> false);
    }

    /** Every tensor of a checkpoint as bytes. */
    static Map<String, List<Double>> tensors(Path file) {
        Map<String, List<Double>> values = new LinkedHashMap<>();
        try (Checkpoint checkpoint = Checkpoint.open(file);
                HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            checkpoint
                    .allTensors()
                    .forEach((name, stored) -> values.put(
                            name,
                            Arrays.stream(checkpoint.load(stored, scope).toDoubles())
                                    .boxed()
                                    .toList()));
        }
        return values;
    }

    @Test
    void learnsTheOrderOfFrames() {
        List<String> settings = TinyClips.settings(list, runs);
        settings.addAll(List.of("train.epochs=15", "train.eval_every=15", "loss.smoothing=0"));
        train(settings);
        List<JsonNode> epochs = RunLog.read(runs.resolve("epochs.jsonl"));
        assertThat(epochs.getLast().get("val_uar").asDouble()).isGreaterThan(0.95);
        assertThat(runs.resolve("curves.png")).isRegularFile();
        assertThat(runs.resolve("confusion.png")).isRegularFile();
    }

    @Test
    void aRunThatWasStoppedTwiceEndsWithTheSameBits() {
        Path straight = runs.resolve("straight");
        Path broken = runs.resolve("broken");
        train(TinyClips.everything(list, straight));
        List<String> settings = TinyClips.everything(list, broken);
        AtomicInteger asked = new AtomicInteger();
        String out = train(settings, null, () -> asked.incrementAndGet() == 4);
        assertThat(out).contains("stopped at epoch 1, step 4").contains("--resume");
        asked.set(0);
        train(settings, broken.resolve("last.pth"), () -> asked.incrementAndGet() == 5);
        train(settings, broken.resolve("last.pth"), () -> false);
        assertThat(tensors(broken.resolve("last.pth"))).isEqualTo(tensors(straight.resolve("last.pth")));
        assertThat(tensors(broken.resolve("best.pth"))).isEqualTo(tensors(straight.resolve("best.pth")));
        assertThat(steps(broken)).isEqualTo(steps(straight));
    }

    private static List<String> steps(Path run) {
        return RunLog.read(run.resolve("steps.jsonl")).stream()
                .map(row -> row.get("step") + " " + row.get("loss") + " " + row.get("sdl_loss") + " "
                        + row.get("grad_norm"))
                .toList();
    }

    @Test
    void theNumberOfLoaderThreadsChangesNothing() {
        List<String> one = TinyClips.everything(list, runs.resolve("one"));
        one.addAll(List.of("data.num_workers=1", "train.epochs=1"));
        List<String> three = TinyClips.everything(list, runs.resolve("three"));
        three.addAll(List.of("data.num_workers=3", "train.epochs=1"));
        train(one);
        train(three);
        assertThat(tensors(runs.resolve("three/last.pth"))).isEqualTo(tensors(runs.resolve("one/last.pth")));
    }

    @Test
    void aVideoModelStartsFromAnImageModelWithOtherClasses() throws IOException {
        List<String> image = TinyClips.settings(list, runs.resolve("image"));
        image.addAll(List.of("model.mode=image", "model.num_frames=1", "train.epochs=1"));
        train(image);
        Path twoClasses = data.resolve("two.csv");
        Files.writeString(
                twoClasses,
                Files.readString(list)
                        .lines()
                        .filter(line -> !line.endsWith("still"))
                        .reduce("", (a, b) -> a + b + "\n"));
        List<String> video = TinyClips.settings(twoClasses, runs.resolve("video"));
        video.addAll(List.of("train.freeze=s2d", "train.epochs=1", "train.finetune=" + runs.resolve("image/last.pth")));
        String out = train(video);
        assertThat(out).contains("head.fc_cls.weight: dropped, the file has 3 classes and the model 2");
        Map<String, List<Double>> before = tensors(runs.resolve("image/last.pth"));
        Map<String, List<Double>> after = tensors(runs.resolve("video/last.pth"));
        assertThat(after.get("model.blocks.0.mlp.fc1.weight")).isEqualTo(before.get("model.blocks.0.mlp.fc1.weight"));
        video.addAll(List.of("train.strict=true", "train.output_dir=" + runs.resolve("strict")));
        assertThatThrownBy(() -> train(video)).isInstanceOf(UserException.class).hasMessageContaining("train.strict");
    }

    @Test
    void aLossThatIsNotFiniteEndsTheRunAndSpoilsNothing() {
        List<String> settings = TinyClips.settings(list, runs);
        settings.addAll(List.of("optim.lr=1e30", "train.save_every_steps=1"));
        assertThatThrownBy(() -> train(settings))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is not finite")
                .hasMessageContaining("optim.lr");
        assertThat(tensors(runs.resolve("last.pth")).get("model.cls_token")).allMatch(Double::isFinite);
    }

    @Test
    void resumingWithAnotherConfigurationIsRefused() {
        List<String> settings = TinyClips.settings(list, runs);
        train(settings, null, () -> true);
        settings.add("optim.lr=1e-4");
        assertThatThrownBy(() -> train(settings, runs.resolve("last.pth"), () -> false))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("optim.lr 0.005 / 1.0E-4");
    }

    @Test
    void anExistingRunIsNotOverwritten() {
        List<String> settings = TinyClips.settings(list, runs);
        train(settings, null, () -> true);
        assertThatThrownBy(() -> train(settings))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--resume");
    }

    @Test
    void resumingFromAnotherModelIsRefused() throws IOException {
        List<String> settings = TinyClips.settings(list, runs);
        train(settings, null, () -> true);
        Path truncated = runs.resolve("truncated.pth");
        byte[] whole = Files.readAllBytes(runs.resolve("last.pth"));
        Files.write(truncated, Arrays.copyOf(whole, whole.length / 2));
        assertThatThrownBy(() -> train(settings, truncated, () -> false))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("truncated.pth");
    }

    @Test
    void aClipThatCannotBeReadIsNamed() throws IOException {
        Path copy = TinyClips.write(Files.createDirectories(runs.resolve("data")), 6);
        Files.write(runs.resolve("data/clip3/f0.png"), new byte[0]);
        List<String> settings = TinyClips.settings(copy, runs.resolve("run"));
        assertThatThrownBy(() -> train(settings))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("clip3")
                .hasMessageNotContaining("\n");
    }

    @Test
    void evaluationWritesPredictionsAndMetrics() throws IOException {
        List<String> settings = TinyClips.settings(list, runs.resolve("run"));
        settings.add("train.epochs=1");
        train(settings);
        StringWriter out = new StringWriter();
        Evaluator.Summary summary = Evaluator.evaluate(
                new Evaluator.Request(
                        runs.resolve("run/best.pth"), null, List.of("data.test=" + list), false, runs.resolve("test")),
                new PrintWriter(out));
        assertThat(summary.matrix().total()).isEqualTo(CLIPS);
        assertThat(out.toString()).contains("24 clips, 24 views").contains("UAR");
        assertThat(Files.readAllLines(runs.resolve("test/predictions.csv"))).hasSize(CLIPS + 1);
        assertThat(Files.readString(runs.resolve("test/metrics.json"), StandardCharsets.UTF_8))
                .contains("\"uar_interval\"");
        assertThat(runs.resolve("test/confusion.png")).isRegularFile();
    }
}
