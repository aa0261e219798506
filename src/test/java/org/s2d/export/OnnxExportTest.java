package org.s2d.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.TensorInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.RandomCheckpoint;
import org.s2d.train.checkpoint.SavedModel;
import org.s2d.train.checkpoint.TrainedModel;
import org.s2d.train.step.PlannedClips;

/** Exported files in ONNX Runtime beside the checkpoints that they were made from. */
class OnnxExportTest {
    private static final List<String> LABELS = List.of("Überraschung", "b", "c");
    private static final int INPUTS = 20;
    private static final int SIDE = 32;
    private static final double FLOAT = 2.5e-7;

    @TempDir
    Path folder;

    private final HostPool pool = new HostPool();
    private final Scope scope = new Scope(pool);

    @AfterEach
    void close() {
        scope.close();
        pool.close();
    }

    /** Clips of 32 pixels in a grid of 4 patches: both the frames and the landmark maps are resized on the way. */
    private Path checkpoint(String network, int frames) {
        List<String> settings = List.of(
                "model.mode=" + (frames == 1 ? "image" : "video"),
                "model.image_size=" + SIDE,
                "model.patch_size=8",
                "model.embed_dim=32",
                "model.depth=2",
                "model.num_frames=" + frames,
                "landmark.network=" + network,
                "landmark.seed=4",
                "train.threads=2");
        return RandomCheckpoint.write(folder.resolve("best.pth"), settings, LABELS);
    }

    private Path export(Path checkpoint, OnnxExport.Options options) {
        Path out = folder.resolve("model.onnx");
        try (SavedModel model = SavedModel.open(checkpoint, null, List.of())) {
            OnnxExport.write(model, options, out);
        }
        return out;
    }

    private static OnnxExport.Options usual() {
        return OnnxExport.Options.of(OnnxExport.DEFAULT_OPSET, 0);
    }

    private Tensor clips(int count, int frames, Random random) {
        return RandomState.normal(scope, Shape.of(count, 3, frames, SIDE, SIDE), 0, 1, random);
    }

    /** Rows one after the other. */
    private static double[] flat(double[][] rows) {
        return Arrays.stream(rows).flatMapToDouble(Arrays::stream).toArray();
    }

    @Test
    void wholeModelsAgreeWithOurs() throws OrtException {
        Limits limits = limits(checkpoint("pfld", 1));
        for (int frames : List.of(1, 2)) {
            assertAgreement(checkpoint("pfld", frames), frames, limits);
        }
    }

    private record Limits(double logits, double points) {}

    /**
     * Four times our error for theirs, once for ours. Ours in 32-bit floats against double precision, for one picture: the landmark network is
     * slow in double.
     */
    private Limits limits(Path checkpoint) {
        Tensor picture = clips(1, 1, new Random(1));
        try (TrainedModel floats = TrainedModel.open(checkpoint, List.of());
                TrainedModel doubles = TrainedModel.open(checkpoint, List.of("train.device=reference"))) {
            TrainedModel.Output ours = floats.run(PlannedClips.made(picture), true);
            TrainedModel.Output exact = doubles.run(PlannedClips.made(picture), true);
            return new Limits(
                    5 * Math.max(FLOAT, RandomState.error(flat(ours.logits()), flat(exact.logits()))),
                    5 * Math.max(FLOAT, RandomState.error(points(ours), points(exact))));
        }
    }

    private static double[] points(TrainedModel.Output output) {
        return flat(Objects.requireNonNull(output.points()));
    }

    private void assertAgreement(Path checkpoint, int frames, Limits limits) throws OrtException {
        Random random = new Random(2);
        List<double[]> logits = new ArrayList<>();
        List<double[]> landmarks = new ArrayList<>();
        List<double[]> ourLogits = new ArrayList<>();
        List<double[]> ourLandmarks = new ArrayList<>();
        try (OnnxSession session = new OnnxSession(export(checkpoint, usual()));
                TrainedModel model = TrainedModel.open(checkpoint, List.of())) {
            for (int first = 0, batch = 2; first < INPUTS; first += batch, batch++) {
                Tensor clips = clips(batch, frames, random);
                Map<String, double[]> outputs = session.run(Map.of("frames", clips));
                logits.add(Objects.requireNonNull(outputs.get("logits")));
                landmarks.add(Objects.requireNonNull(outputs.get("landmarks")));
                TrainedModel.Output ours = model.run(PlannedClips.made(clips), true);
                ourLogits.add(flat(ours.logits()));
                ourLandmarks.add(points(ours));
            }
        }
        assertThat(joined(logits)).hasSize(INPUTS * LABELS.size());
        assertThat(RandomState.error(joined(logits), joined(ourLogits))).isLessThanOrEqualTo(limits.logits());
        assertThat(RandomState.error(joined(landmarks), joined(ourLandmarks))).isLessThanOrEqualTo(limits.points());
    }

    private static double[] joined(List<double[]> parts) {
        return parts.stream().flatMapToDouble(Arrays::stream).toArray();
    }

    @Test
    void withoutALandmarkNetworkThereAreNoLandmarks() throws OrtException {
        Path checkpoint = checkpoint("none", 2);
        try (OnnxSession session = new OnnxSession(export(checkpoint, usual()));
                TrainedModel model = TrainedModel.open(checkpoint, List.of())) {
            Tensor clips = clips(INPUTS, 2, new Random(3));
            Map<String, double[]> outputs = session.run(Map.of("frames", clips));
            assertThat(outputs.keySet()).containsExactly("logits", "probabilities", "features");
            double[] ours = flat(model.run(PlannedClips.made(clips), true).logits());
            assertThat(RandomState.error(Objects.requireNonNull(outputs.get("logits")), ours))
                    .isLessThan(8 * FLOAT);
        }
    }

    @Test
    void theFileTellsWhatItNeedsAndMeans() throws OrtException {
        try (OnnxSession session = new OnnxSession(export(checkpoint("pfld", 2), usual()))) {
            assertThat(shape(session, true, "frames")).containsExactly(-1, 3, 2, SIDE, SIDE);
            assertThat(shape(session, false, "logits")).containsExactly(-1, 3);
            assertThat(shape(session, false, "features")).containsExactly(-1, 32);
            assertThat(shape(session, false, "landmarks")).containsExactly(-1, 2, 68, 2);
            var metadata = session.session().getMetadata();
            assertThat(metadata.getProducerName()).isEqualTo("s2d");
            assertThat(metadata.getCustomMetadata())
                    .containsEntry("s2d.labels", "[\"Überraschung\",\"b\",\"c\"]")
                    .hasEntrySatisfying(
                            "s2d.preprocessing",
                            text -> assertThat(text)
                                    .contains("\"std\":[0.229,0.224,0.225]", "\"size\":32", "\"frames\":2"))
                    .hasEntrySatisfying("s2d.config", text -> assertThat(text).contains("network: pfld"))
                    .containsKey("s2d.version");
        }
    }

    private static long[] shape(OnnxSession session, boolean input, String name) throws OrtException {
        var nodes = input ? session.session().getInputInfo() : session.session().getOutputInfo();
        return ((TensorInfo) Objects.requireNonNull(nodes.get(name)).getInfo()).getShape();
    }

    @Test
    void aFixedBatchTakesNoOther() throws OrtException {
        Path out = export(checkpoint("none", 2), OnnxExport.Options.of(18, 2));
        try (OnnxSession session = new OnnxSession(out)) {
            assertThat(shape(session, true, "frames")).containsExactly(2, 3, 2, SIDE, SIDE);
            assertThat(session.run(Map.of("frames", clips(2, 2, new Random(1)))).get("logits"))
                    .hasSize(2 * LABELS.size());
            assertThatThrownBy(() -> session.run(Map.of("frames", clips(3, 2, new Random(1)))))
                    .isInstanceOf(OrtException.class);
        }
    }

    @Test
    void weightsBesideTheFileAreTheSameModel() throws OrtException, IOException {
        Path checkpoint = checkpoint("none", 2);
        Map<String, Tensor> input = Map.of("frames", clips(2, 2, new Random(1)));
        double[] expected;
        Path out = export(checkpoint, usual());
        byte[] inside = Files.readAllBytes(out);
        try (OnnxSession session = new OnnxSession(out)) {
            expected = Objects.requireNonNull(session.run(input).get("logits"));
        }
        assertThat(folder.resolve("model.onnx.data")).doesNotExist();
        export(checkpoint, new OnnxExport.Options(17, 0, 1000, false));
        assertThat(Files.size(folder.resolve("model.onnx.data"))).isGreaterThan(100_000);
        assertThat(Files.size(out)).isLessThan(inside.length - 100_000);
        try (OnnxSession session = new OnnxSession(out)) {
            assertThat(session.run(input).get("logits")).isEqualTo(expected);
        }
        assertThat(Files.readAllBytes(export(checkpoint, usual()))).isEqualTo(inside);
    }

    @Test
    void operatorsThatAreTooOldOrUnknownAreRefused() {
        for (int opset : List.of(0, 16, 23)) {
            assertThatThrownBy(() -> OnnxExport.Options.of(opset, 0))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("--opset " + opset);
        }
    }

    @Test
    void aLandmarkFileThatIsMissingIsNamed() {
        List<String> settings = new ArrayList<>(List.of("landmark.weights=gone.pth"));
        try (SavedModel model = SavedModel.open(checkpoint("pfld", 2), null, settings)) {
            assertThatThrownBy(() -> OnnxExport.write(model, usual(), folder.resolve("out.onnx")))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("gone.pth");
        }
        assertThat(folder.resolve("out.onnx")).doesNotExist();
    }
}
