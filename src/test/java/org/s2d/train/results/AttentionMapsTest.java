package org.s2d.train.results;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.export.RandomState;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.train.TinyClips;
import org.s2d.train.checkpoint.RandomCheckpoint;
import org.s2d.train.checkpoint.TrainedModel;
import org.s2d.train.step.PlannedClips;

/** Attention maps beside the same with every query and key written out. */
class AttentionMapsTest {
    private static final int FRAMES = 4;
    private static final int PATCHES = 16;

    @TempDir
    Path folder;

    private final HostPool pool = new HostPool();
    private final Scope scope = new Scope(pool);

    @AfterEach
    void close() {
        scope.close();
        pool.close();
    }

    private TrainedModel model(String... settings) {
        List<String> all = TinyClips.settings(folder, folder);
        all.addAll(List.of(settings));
        return TrainedModel.open(
                RandomCheckpoint.write(folder.resolve("best.pth"), all, List.of("a", "b", "c")), List.of());
    }

    private Tensor clip() {
        Shape shape = Shape.of(1, 3, FRAMES, TinyClips.SIDE, TinyClips.SIDE);
        return RandomState.normal(scope, shape, 0, 1, new Random(1));
    }

    @Test
    void theClassTokenAsksInEveryFrame() {
        try (TrainedModel model = model("landmark.network=pfld")) {
            Tensor clip = clip();
            double[][] maps = new AttentionMaps(model).of(PlannedClips.made(clip), model.landmarks());
            double[][] expected = plainAttention(model, clip, 1 + PATCHES, 1);
            assertThat(maps).hasNumberOfRows(FRAMES);
            for (int t = 0; t < FRAMES; t++) {
                assertThat(maps[t]).containsExactly(Arrays.copyOfRange(expected[t], 1, 1 + PATCHES), within(1e-9));
            }
            double[][] silent = new AttentionMaps(model)
                    .of(PlannedClips.made(clip), model.landmarks().silenced());
            assertThat(Arrays.deepEquals(maps, silent)).isFalse();
        }
    }

    /** The two frames of a tubelet have one map. */
    @Test
    void allPatchesOfAClipAskWhereTheirMeanIsReadOut() {
        try (TrainedModel model = model("model.family=s4d", "model.expert_layers=[1]")) {
            Tensor clip = clip();
            double[][] maps = new AttentionMaps(model).of(PlannedClips.made(clip), model.landmarks());
            int tokens = FRAMES / 2 * PATCHES;
            double[] expected = plainAttention(model, clip, tokens, tokens)[0];
            assertThat(maps).hasNumberOfRows(FRAMES);
            for (int t = 0; t < FRAMES; t++) {
                int first = t / 2 * PATCHES;
                assertThat(maps[t]).containsExactly(Arrays.copyOfRange(expected, first, first + PATCHES), within(1e-9));
            }
        }
    }

    /** Of each sequence the attention of its first {@code asking} tokens to all of them, mean over heads; 1 is even attention. */
    private static double[][] plainAttention(TrainedModel model, Tensor clip, int tokens, int asking) {
        List<double[]> seen = new ArrayList<>();
        try (Tape tape = Tape.evaluating(model.device(), model.precision(), Gradients.NONE)) {
            tape.setObserver((name, value) -> {
                if (name.equals("blocks.1.norm1.out")) {
                    seen.add(model.reader().values(value.value()));
                }
            });
            model.model()
                    .classify(tape, tape.constant(clip), x -> model.landmarks().features(tape, x));
        }
        double[] x = seen.getFirst();
        int width = model.config().model().embedDim();
        double[][] result = new double[x.length / (tokens * width)][];
        for (int i = 0; i < result.length; i++) {
            int first = i * tokens * width;
            result[i] = plainAttention(model, Arrays.copyOfRange(x, first, first + tokens * width), asking);
        }
        return result;
    }

    private static double[] plainAttention(TrainedModel model, double[] x, int asking) {
        double[] weight = parameter(model, "blocks.1.attn.qkv.weight");
        int width = model.config().model().embedDim();
        int heads = model.config().model().numHeads();
        // S4D has no bias of keys.
        String bias = model.config().model().family().equals("s4d") ? "q_bias" : "qkv.bias";
        double[] biases = Arrays.copyOf(parameter(model, "blocks.1.attn." + bias), 2 * width);
        int tokens = x.length / width;
        double[] mean = new double[tokens];
        for (int head = 0; head < heads; head++) {
            for (int asker = 0; asker < asking; asker++) {
                double[] scores = new double[tokens];
                for (int token = 0; token < tokens; token++) {
                    for (int d = head * width / heads; d < (head + 1) * width / heads; d++) {
                        double query = biases[d];
                        double key = biases[width + d];
                        for (int c = 0; c < width; c++) {
                            query += weight[d * width + c] * x[asker * width + c];
                            key += weight[(width + d) * width + c] * x[token * width + c];
                        }
                        scores[token] += query * key / Math.sqrt(width / (double) heads);
                    }
                }
                double sum = Arrays.stream(scores).map(Math::exp).sum();
                Arrays.setAll(mean, token -> mean[token] + tokens * Math.exp(scores[token]) / sum / heads / asking);
            }
        }
        return mean;
    }

    private static double[] parameter(TrainedModel model, String name) {
        return model.reader()
                .values(Objects.requireNonNull(model.model().parameters().get(name))
                        .value());
    }
}
