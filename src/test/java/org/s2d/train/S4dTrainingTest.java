package org.s2d.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.cli.Main;
import org.s2d.predict.Prediction;
import org.s2d.predict.Recognizer;
import org.s2d.report.RunLog;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.weights.Checkpoint;

/** Pre-training, then photos and clips in turn, and what is done with the result. */
class S4dTrainingTest {
    private static final int CLIPS = 24;

    @TempDir
    static Path folder;

    private static Path clips = Path.of("");
    private static Path photos = Path.of("");
    private static Path pretrained = Path.of("");
    private static Path finetuned = Path.of("");

    @BeforeAll
    static void train() throws IOException {
        clips = TinyClips.write(folder, CLIPS);
        StringBuilder list = new StringBuilder("path,label\n");
        for (int i = 0; i < CLIPS; i++) {
            boolean bright = i % 3 == 0;
            list.append("clip")
                    .append(i)
                    .append("/f3.png,")
                    .append(bright ? "bright" : "other")
                    .append('\n');
        }
        photos = folder.resolve("photos.csv");
        Files.writeString(photos, list);
        pretrained = folder.resolve("pre");
        finetuned = folder.resolve("fine");
        run(pretraining(pretrained), null, () -> false);
        run(finetuning(finetuned), null, () -> false);
    }

    private static List<String> settings(Path output) {
        List<String> all = TinyClips.settings(clips, output);
        all.addAll(List.of(
                "model.family=s4d",
                "model.expert_layers=[1]",
                "model.num_experts=4",
                "photos.train=" + photos,
                "photos.batch_size=4",
                "train.epochs=2"));
        return all;
    }

    private static List<String> pretraining(Path output) {
        List<String> all = settings(output);
        all.addAll(List.of(
                "train.objective=reconstruct",
                "pretraining.decoder_depth=1",
                "pretraining.photo_mask=0.5",
                "pretraining.clip_mask=0.75"));
        return all;
    }

    private static List<String> finetuning(Path output) {
        List<String> all = settings(output);
        all.addAll(List.of(
                "photos.val=" + photos,
                "photos.repeat=0.5",
                "data.augment.mixup=0.8",
                "train.finetune=" + pretrained.resolve("last.pth")));
        return all;
    }

    private static String run(List<String> settings, @Nullable Path resume, BooleanSupplier stop) {
        StringWriter out = new StringWriter();
        new Trainer(ConfigReader.read(null, settings), new PrintWriter(out), stop).run(resume);
        return out.toString();
    }

    private static String command(Object... arguments) {
        StringWriter out = new StringWriter();
        PrintWriter writer = new PrintWriter(out);
        String[] texts = new String[arguments.length];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = arguments[i].toString();
        }
        assertThat(Main.run(writer, writer, texts)).as(out.toString()).isZero();
        return out.toString();
    }

    @Test
    void pretrainingLowersTheLossAndDrawsWhatItFillsIn() {
        List<Double> losses = RunLog.read(pretrained.resolve("steps.jsonl")).stream()
                .map(row -> row.get("loss").asDouble())
                .toList();
        assertThat(losses).hasSize(2 * (CLIPS / 4 + CLIPS / 4));
        assertThat(losses.getLast()).isLessThan(losses.getFirst());
        assertThat(pretrained.resolve("reconstructions.png")).isRegularFile();
        command("report", pretrained);
        assertThat(pretrained.resolve("report.html")).content().contains("Reconstructions");
    }

    @Test
    void fineTuningStartsFromTheEncoderAndLeavesExpertsFresh() {
        Path other = folder.resolve("other");
        List<String> settings = finetuning(other);
        settings.add("train.epochs=1");
        assertThat(run(settings, null, () -> false))
                .contains("mask_token: dropped, part of the pre-training")
                .contains("missing");
        try (Checkpoint start = Checkpoint.open(pretrained.resolve("last.pth"));
                Checkpoint end = Checkpoint.open(finetuned.resolve("last.pth"))) {
            assertThat(start.shapes().get("encoder.blocks.1.mlp.fc1.weight"))
                    .isEqualTo(end.shapes().get("blocks.1.mlp.fc1.weight"));
            assertThat(end.shapes()).containsKey("blocks.1.moe_layer.experts.3.fc2.weight");
        }
    }

    @Test
    void bothTasksAreTrainedAndValidated() {
        assertThat(RunLog.read(finetuned.resolve("steps.jsonl"))).hasSize(2 * (CLIPS / 4 + CLIPS / 4 / 2));
        assertThat(finetuned.resolve("confusion.png")).isRegularFile();
        assertThat(finetuned.resolve("confusion-photos.png")).isRegularFile();
    }

    @Test
    void aStoppedRunEndsWithTheSameBits() {
        for (List<String> settings : List.of(pretraining(folder.resolve("p2")), finetuning(folder.resolve("f2")))) {
            Path output = Path.of(settings.stream()
                    .filter(setting -> setting.startsWith("train.output_dir="))
                    .findFirst()
                    .orElseThrow()
                    .substring("train.output_dir=".length()));
            AtomicInteger steps = new AtomicInteger();
            run(settings, null, () -> steps.incrementAndGet() == 4);
            run(settings, output.resolve("last.pth"), () -> false);
            Path whole = output.endsWith("p2") ? pretrained : finetuned;
            Map<String, List<Double>> expected = TrainerTest.tensors(whole.resolve("last.pth"));
            assertThat(TrainerTest.tensors(output.resolve("last.pth"))).isEqualTo(expected);
        }
    }

    @Test
    void photosAndClipsAreEvaluatedAndRecognisedByTheirHeads() {
        Path best = finetuned.resolve("best.pth");
        assertThat(command("evaluate", best, "--data", clips))
                .contains(CLIPS + " clips")
                .contains("rising");
        assertThat(command("evaluate", best, "--photos", "--data", photos)).contains("bright");
        try (Recognizer recognizer = Recognizer.load(best)) {
            List<Prediction> predictions =
                    recognizer.predictAll(List.of(TinyClips.images(4), TinyClips.images(1), TinyClips.images(4)));
            assertThat(predictions.get(0).label()).isIn(TinyClips.LABELS);
            assertThat(predictions.get(1).label()).isIn("bright", "other");
            assertThat(predictions.get(2)).isEqualTo(predictions.get(0));
        }
    }

    @Test
    void reportAndExportKnowTheModel() {
        Path best = finetuned.resolve("best.pth");
        command("report", finetuned, "--data", clips);
        assertThat(finetuned.resolve("report.html")).content().contains("S4D model", "all patches, whose mean");
        Path exported = folder.resolve("s4d.safetensors");
        command("export", best, "--format", "safetensors", "--out", exported);
        try (Recognizer first = Recognizer.load(best);
                Recognizer second = Recognizer.load(exported)) {
            assertThat(second.predict(TinyClips.images(4))).isEqualTo(first.predict(TinyClips.images(4)));
        }
        assertThat(command("export", best, "--format", "onnx", "--out", folder.resolve("clips.onnx")))
                .contains("3 classes");
        assertThat(command("export", best, "--photos", "--format", "onnx", "--out", folder.resolve("photos.onnx")))
                .contains("2 classes");
    }

    @Test
    void photosNeedTheFamilyThatHasAHeadForThem() {
        List<String> settings = new ArrayList<>(TinyClips.settings(clips, folder.resolve("none")));
        settings.add("photos.train=" + photos);
        assertThatThrownBy(() -> ConfigReader.read(null, settings))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("model.family s4d");
    }
}
