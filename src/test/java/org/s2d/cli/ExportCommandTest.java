package org.s2d.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.s2d.data.image.Image;
import org.s2d.predict.Prediction;
import org.s2d.predict.Recognizer;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.train.TinyClips;
import org.s2d.weights.Checkpoint;

/** Exported models: what is in them, and that they are models still. */
class ExportCommandTest {
    private static final List<String> LABELS = List.of("falling", "rising", "still");

    @TempDir
    static Path shared;

    private static Path checkpoint = Path.of("");

    @TempDir
    Path folder;

    private record Result(int code, String out, String err) {
        void isBadInput(String... parts) {
            assertThat(code).as(err).isEqualTo(Main.BAD_INPUT);
            assertThat(err).startsWith("s2d: ").contains(parts);
            assertThat(err.strip().lines()).hasSize(1);
        }
    }

    private static Result run(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] texts = Arrays.stream(arguments).map(Object::toString).toArray(String[]::new);
        int code = Main.run(new PrintWriter(out), new PrintWriter(err), texts);
        return new Result(code, out.toString(), err.toString());
    }

    private Result export(Path from, String format, Path out, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("export", from, "--format", format, "--out", out));
        arguments.addAll(List.of(more));
        return run(arguments.toArray());
    }

    @BeforeAll
    static void train() throws IOException {
        Path list = TinyClips.write(Files.createDirectories(shared.resolve("data")), 6);
        List<Object> arguments = new ArrayList<>(List.of("train"));
        List<String> settings = TinyClips.settings(list, shared.resolve("run"));
        settings.add("train.epochs=1");
        settings.forEach(setting -> arguments.addAll(List.of("--set", setting)));
        assertThat(run(arguments.toArray()).code).isZero();
        checkpoint = shared.resolve("run/best.pth");
    }

    @ParameterizedTest
    @CsvSource({"safetensors,model.safetensors", "pytorch,model.pth"})
    void anExportSaysWhatTheRunSays(String format, String name) throws IOException {
        Path out = folder.resolve(name);
        assertThat(export(checkpoint, format, out).code).isZero();
        assertThat(Files.size(out)).isLessThan(Files.size(checkpoint) * 2 / 3);
        List<Image> clip = TinyClips.images(4);
        try (Recognizer original = Recognizer.load(checkpoint);
                Recognizer exported = Recognizer.load(out)) {
            Prediction prediction = exported.predict(clip);
            assertThat(prediction).isEqualTo(original.predict(clip));
            assertThat(prediction.labels()).isEqualTo(LABELS);
        }
        Path list = shared.resolve("data/list.csv");
        assertThat(run("evaluate", out, "--data", list).code).isZero();
        assertThat(run("inspect", out).out).contains("3 classes");
    }

    @Test
    void weightsKeepNamesOrderAndEveryBit() {
        Path pickled = folder.resolve("model.pth");
        Path safe = folder.resolve("model.safetensors");
        assertThat(export(checkpoint, "pytorch", pickled).code).isZero();
        assertThat(export(pickled, "safetensors", safe).code).isZero();
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                Checkpoint from = Checkpoint.open(checkpoint);
                Checkpoint first = Checkpoint.open(pickled);
                Checkpoint second = Checkpoint.open(safe)) {
            assertThat(first.tensors().keySet())
                    .containsExactlyElementsOf(from.tensors().keySet());
            assertThat(second.tensors().keySet())
                    .containsExactlyInAnyOrderElementsOf(from.tensors().keySet());
            for (String name : from.tensors().keySet()) {
                double[] values = from.load(name, scope).toDoubles();
                assertThat(first.load(name, scope).toDoubles()).isEqualTo(values);
                assertThat(second.load(name, scope).toDoubles()).isEqualTo(values);
            }
            assertThat(first.allTensors()).hasSameSizeAs(from.tensors()); // no optimiser
            assertThat(first.entry("s2d", "labels")).isEqualTo(LABELS);
            assertThat(first.entry("s2d", "preprocessing", "size")).isEqualTo(32L);
            assertThat(second.metadata())
                    .containsEntry("s2d.labels", "[\"falling\",\"rising\",\"still\"]")
                    .hasEntrySatisfying("s2d.config", text -> assertThat(text).contains("embed_dim: 16"))
                    .hasEntrySatisfying(
                            "s2d.preprocessing",
                            text -> assertThat(text).contains("\"mean\":[0.485,0.456,0.406]", "\"frames\":4"));
        }
    }

    @Test
    void weightsWithoutARunNeedAConfigurationWithLabels() throws IOException {
        Path tiny = Path.of("weights", "reference", "s2d_tiny", "state.safetensors");
        Path out = folder.resolve("tiny.pth");
        export(tiny, "pytorch", out).isBadInput("state.safetensors", "--config");
        Path config = Files.writeString(folder.resolve("tiny.yaml"), """
            model: {size: tiny, image_size: 112, patch_size: 8, embed_dim: 64, depth: 3, num_heads: 4, num_frames: 4}
            """);
        export(tiny, "pytorch", out, "--config", config).isBadInput("7 classes", "data.labels");
        String labels = "data.labels=[a, b, c, d, e, f, g]";
        assertThat(export(tiny, "pytorch", out, "--config", config, "--set", labels).code)
                .isZero();
        assertThat(run("inspect", out, "--model", "s2d-tiny").out).contains("temporal_embedding: shape (1, 4, 64)");
        export(tiny, "pytorch", out, "--config", config, "--set", labels, "--set", "model.depth=4")
                .isBadInput("another model", "blocks.3");
    }

    @Test
    void anExportedModelCannotBeResumed() {
        Path out = folder.resolve("model.pth");
        assertThat(export(checkpoint, "pytorch", out).code).isZero();
        run("train", "--resume", out).isBadInput("exported model", "train.finetune");
    }

    @Test
    void wrongUseIsOneLineAndWritesNothing() throws IOException {
        Path out = folder.resolve("out.bin");
        export(checkpoint, "tensorrt", out).isBadInput("tensorrt", "SAFETENSORS");
        run("export", checkpoint, "--out", out).isBadInput("--format");
        run("export", checkpoint, "--format", "pytorch").isBadInput("--out");
        export(folder.resolve("none.pth"), "pytorch", out).isBadInput("none.pth", "no such file");
        export(checkpoint, "pytorch", checkpoint).isBadInput("input file itself");
        export(checkpoint, "pytorch", folder).isBadInput("is a folder");
        export(checkpoint, "pytorch", folder.resolve("no/folder.pth")).isBadInput("does not exist");
        export(checkpoint, "pytorch", out, "--set", "model.depth=3").isBadInput("another model");
        export(checkpoint, "pytorch", out, "--set", "model.prompt_type=wide").isBadInput("prompt_type", "wide");
        export(checkpoint, "pytorch", out, "--set", "data.labels=[a, b, c]").isBadInput("rising", "[a, b, c]");
        export(checkpoint, "pytorch", out, "--opset", "17").isBadInput("--format onnx");
        export(checkpoint, "onnx", out, "--opset", "9").isBadInput("--opset 9", "17");
        export(checkpoint, "onnx", out, "--opset", "new").isBadInput("--opset", "new");
        export(checkpoint, "onnx", out, "--batch", "0").isBadInput("--batch 0");
        export(checkpoint, "onnx", folder.resolve("no/model.onnx")).isBadInput("does not exist");
        byte[] whole = Files.readAllBytes(checkpoint);
        Path half = Files.write(folder.resolve("half.pth"), Arrays.copyOf(whole, whole.length / 2));
        export(half, "safetensors", out).isBadInput("half.pth");
        assertThat(out).doesNotExist();
    }

    @Test
    void devicesAreNotReplaced() {
        if (Files.exists(Path.of("/dev/full"))) {
            for (String format : List.of("safetensors", "pytorch", "onnx")) {
                export(checkpoint, format, Path.of("/dev/full")).isBadInput("/dev/full");
            }
            assertThat(Files.isRegularFile(Path.of("/dev/full"))).isFalse();
        }
    }
}
