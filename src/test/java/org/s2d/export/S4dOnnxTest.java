package org.s2d.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OrtException;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.RandomCheckpoint;
import org.s2d.train.checkpoint.SavedModel;
import org.s2d.train.checkpoint.TrainedModel;
import org.s2d.train.step.PlannedClips;

/** Exported S4D models in ONNX Runtime beside the checkpoints that they were made from. */
class S4dOnnxTest {
    private static final List<String> LABELS = List.of("a", "b", "c");
    private static final int INPUTS = 20;
    private static final int SIDE = 32;
    private static final int FRAMES = 4;
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

    /** Of two layers, the second with experts. */
    private Path checkpoint(String... settings) {
        List<String> all = new ArrayList<>(List.of(
                "model.family=s4d",
                "model.size=tiny",
                "model.image_size=" + SIDE,
                "model.embed_dim=32",
                "model.depth=2",
                "model.expert_layers=[1]",
                "model.num_frames=" + FRAMES,
                "photos.labels=[d, e]",
                "train.threads=2"));
        all.addAll(List.of(settings));
        return RandomCheckpoint.write(folder.resolve("best.pth"), all, LABELS);
    }

    private Path export(Path checkpoint, boolean photos) {
        Path out = folder.resolve("model.onnx");
        OnnxExport.Options options = OnnxExport.Options.of(OnnxExport.DEFAULT_OPSET, 0);
        try (SavedModel model = SavedModel.open(checkpoint, null, List.of())) {
            OnnxExport.write(model, photos ? options.ofPhotos() : options, out);
        }
        return out;
    }

    /** With half as many places as tokens need experts drop some, and how many places there are depends on the batch. */
    @ParameterizedTest
    @CsvSource({
        "false, model.capacity_factor=1.0, model.top_k=2",
        "false, model.capacity_factor=0.55, model.top_k=2",
        "false, model.top_k=1, model.layer_scale=0.1",
        "false, model.expert_layers=[], model.tubelet=4",
        "true, model.capacity_factor=0.55, model.top_k=3",
        "true, 'model.expert_layers=[0, 1]', model.tubelet=2",
    })
    void errsAtMostFourTimesAsMuchAsWeDo(boolean photos, String setting, String another) throws OrtException {
        Path checkpoint = checkpoint(setting, another);
        List<double[]> theirs = new ArrayList<>();
        List<double[]> ours = new ArrayList<>();
        List<double[]> exact = new ArrayList<>();
        Random random = new Random(3);
        try (OnnxSession session = new OnnxSession(export(checkpoint, photos));
                TrainedModel floats = TrainedModel.open(checkpoint, List.of());
                TrainedModel doubles = TrainedModel.open(checkpoint, List.of("train.device=reference"))) {
            for (int first = 0, batch = 2; first < INPUTS; first += batch, batch++) { // 2, 3, 4, 5, 6
                Shape shape = Shape.of(batch, 3, photos ? 1 : FRAMES, SIDE, SIDE);
                Tensor clips = RandomState.normal(scope, shape, 0, 1, random);
                theirs.add(Objects.requireNonNull(
                        session.run(Map.of("frames", clips)).get("logits")));
                ours.add(flat(floats.run(PlannedClips.made(clips), false).logits()));
                exact.add(flat(doubles.run(PlannedClips.made(clips), false).logits()));
            }
        }
        assertThat(joined(exact)).hasSize(INPUTS * (photos ? 2 : 3));
        double limit = 4 * Math.max(FLOAT, RandomState.error(joined(ours), joined(exact)));
        assertThat(RandomState.error(joined(theirs), joined(exact))).isLessThanOrEqualTo(limit);
    }

    private static double[] flat(double[][] rows) {
        return joined(Arrays.asList(rows));
    }

    private static double[] joined(List<double[]> parts) {
        return parts.stream().flatMapToDouble(Arrays::stream).toArray();
    }

    @Test
    void aFileOfPhotographsTellsSo() throws OrtException {
        try (OnnxSession session = new OnnxSession(export(checkpoint(), true))) {
            Tensor photo = RandomState.normal(scope, Shape.of(1, 3, 1, SIDE, SIDE), 0, 1, new Random(1));
            assertThat(session.run(Map.of("frames", photo))).containsOnlyKeys("logits", "probabilities", "features");
            assertThat(session.session().getMetadata().getCustomMetadata())
                    .containsEntry("s2d.labels", "[\"d\",\"e\"]")
                    .hasEntrySatisfying(
                            "s2d.preprocessing", text -> assertThat(text).contains("\"frames\":1"));
        }
    }

    @Test
    void whatHasNoFormInOnnxIsRefused() {
        Path noisy = checkpoint("data.release_compatible=true");
        assertThatThrownBy(() -> export(noisy, false))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("data.release_compatible=false");
        Path s2d = RandomCheckpoint.write(folder.resolve("s2d.pth"), List.of("model.size=tiny"), LABELS);
        assertThatThrownBy(() -> export(s2d, true))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--photos");
    }
}
