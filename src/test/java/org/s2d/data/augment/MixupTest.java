package org.s2d.data.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.s2d.data.MadeClips;
import org.s2d.data.ReferenceCase;
import org.s2d.data.augment.Mixup.Decisions;
import org.s2d.data.augment.Mixup.Mix;
import org.s2d.data.augment.Mixup.Mode;
import org.s2d.data.random.RandomStream;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.step.PlannedClips;

class MixupTest {
    private static final String FILE = "mixup.safetensors";
    private static final int HEIGHT = 12;
    private static final int WIDTH = 16;

    private HostPool pool = new HostPool();
    private Scope scope = new Scope(pool);

    @BeforeEach
    void open() {
        pool = new HostPool(HostPool.Fill.POISON);
        scope = new Scope(pool);
    }

    @AfterEach
    void close() {
        scope.close();
        pool.close();
    }

    /** Boxes are listed in the order of the rows that are cut. */
    private static Decisions decisions(Mode mode, JsonNode how) {
        JsonNode lambdas = how.get("lam").isArray() ? how.get("lam") : row(how.get("lam"));
        JsonNode cuts = how.get("cutmix").isArray() ? how.get("cutmix") : row(how.get("cutmix"));
        List<Mix> mixes = new ArrayList<>();
        int box = 0;
        for (int i = 0; i < lambdas.size(); i++) {
            double lambda = lambdas.get(i).doubleValue();
            if (cuts.get(i).booleanValue() && lambda != 1) {
                JsonNode edges = how.get("box_yl_yh_xl_xh").get(box++);
                int top = edges.get(0).intValue();
                int left = edges.get(2).intValue();
                mixes.add(Mix.cut(
                        new CropBox(
                                top,
                                left,
                                edges.get(1).intValue() - top,
                                edges.get(3).intValue() - left),
                        HEIGHT,
                        WIDTH));
            } else {
                mixes.add(Mix.blend(lambda));
            }
        }
        return new Decisions(mode, mode == Mode.PAIR, mixes); // as in the release
    }

    private static JsonNode row(JsonNode value) {
        return new ObjectMapper().createArrayNode().add(value);
    }

    private Tensor floats(ReferenceCase.Values values) {
        return scope.allocate(DType.F32, Shape.of(values.shape())).set(values.floats());
    }

    private Tensor labels(ReferenceCase reference) {
        double[] values = reference.tensor(FILE, "y").values();
        Tensor labels = scope.allocate(DType.I64, Shape.of(values.length));
        for (int i = 0; i < values.length; i++) {
            labels.setDouble(i, values[i]);
        }
        return labels;
    }

    @Test
    void mixesAndTargetsAreTheReleases() throws IOException {
        ReferenceCase reference = ReferenceCase.require("optim");
        Tensor clips = floats(reference.tensor(FILE, "x"));
        int compared = 0;
        for (JsonNode entry : reference.json("manifest.json").get("tensors")) {
            String name = entry.get("name").textValue();
            if (!entry.get("file").textValue().equals(FILE) || !name.endsWith("/x")) {
                continue;
            }
            String key = name.substring(0, name.length() - 2);
            Mode mode = key.startsWith("batch") ? Mode.BATCH : key.startsWith("elem") ? Mode.ELEM : Mode.PAIR;
            JsonNode how = new ObjectMapper().readTree(entry.get("how").textValue());
            Decisions decisions = decisions(mode, how);
            float[] mixed = MadeClips.of(PlannedClips.made(clips).mixed(decisions));
            float[] expected = reference.tensor(FILE, name).floats();
            assertThat(ReferenceCase.relativeError(mixed, expected)).as(key).isLessThan(1e-7);
            Tensor targets = scope.allocate(DType.F32, Shape.of(4, 7));
            Mixup.targets(labels(reference), decisions, how.get("smoothing").doubleValue(), targets);
            assertThat(targets.toFloats())
                    .as(key)
                    .containsExactly(reference.tensor(FILE, key + "/target").floats(), within(1e-7f));
            compared++;
        }
        assertThat(compared).isGreaterThanOrEqualTo(7);
    }

    @Test
    void boxesAndTheirWeightsAreTheReleases() throws IOException {
        JsonNode values = ReferenceCase.require("optim").values();
        String key = values.propertyStream()
                .map(Map.Entry::getKey)
                .filter(name -> name.startsWith("cutmix_bbox"))
                .findFirst()
                .orElseThrow();
        for (JsonNode row : values.get(key)) {
            int height = row.get("H").intValue();
            int width = row.get("W").intValue();
            CropBox box = Mixup.cutBox(
                    row.get("lam").doubleValue(),
                    row.get("cy").intValue(),
                    row.get("cx").intValue(),
                    height,
                    width);
            JsonNode edges = row.get("box");
            assertThat(new int[] {box.top(), box.top() + box.height(), box.left(), box.left() + box.width()})
                    .containsExactly(
                            edges.get(0).intValue(),
                            edges.get(1).intValue(),
                            edges.get(2).intValue(),
                            edges.get(3).intValue());
            assertThat(Mix.cut(box, height, width).weight())
                    .isCloseTo(row.get("lam_corrected").doubleValue(), within(1e-12));
        }
    }

    /** A row of black frames and one of white frames after their exchange of a box; the first colour of both. */
    private float[][] cut(boolean cutsTime, CropBox box) {
        Tensor clips = scope.allocate(DType.F32, Shape.of(2, 3, 2, 3, 3));
        for (int i = 0; i < clips.numel(); i++) {
            clips.setDouble(i, i < clips.numel() / 2 ? 0 : 1);
        }
        Decisions decisions = new Decisions(Mode.PAIR, cutsTime, List.of(Mix.cut(box, 3, 3)));
        float[] mixed = MadeClips.of(PlannedClips.made(clips).mixed(decisions));
        return new float[][] {Arrays.copyOf(mixed, 18), Arrays.copyOfRange(mixed, 54, 72)};
    }

    @Test
    void pairModeCutsHeightAndWidthUnlessReleaseCompatible() {
        float[][] plain = cut(false, new CropBox(1, 0, 1, 2));
        assertThat(plain[0]).containsExactly(0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0);
        assertThat(plain[1]).containsExactly(1, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, 1);
        // Lines for frames and columns for lines, as far as there are any.
        float[][] release = cut(true, new CropBox(1, 2, 2, 1));
        assertThat(release[0]).containsExactly(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1);
        assertThat(cut(true, new CropBox(2, 0, 1, 3))[0]).containsOnly(0);
        assertThat(Mixup.release().draw(RandomStream.of(1), 2, 3, 3).cutsTime()).isFalse();
        assertThat(new Mixup(1, 1, 1, 0.5, Mode.PAIR, true)
                        .draw(RandomStream.of(1), 2, 3, 3)
                        .cutsTime())
                .isTrue();
    }

    @Test
    void drawnDecisionsFollowTheRecipe() {
        int cuts = 0;
        int untouched = 0;
        for (int i = 0; i < 400; i++) {
            Decisions decisions =
                    new Mixup(0.8, 1, 0.75, 0.5, Mode.ELEM, false).draw(RandomStream.of(1, i), 3, HEIGHT, WIDTH);
            assertThat(decisions.mixes()).hasSize(3);
            for (Mix mix : decisions.mixes()) {
                assertThat(mix.weight()).isBetween(0.0, 1.0);
                cuts += mix.box().isPresent() ? 1 : 0;
                untouched += mix.equals(Mix.NONE) ? 1 : 0;
            }
        }
        assertThat(cuts).isBetween(380, 520);
        assertThat(untouched).isBetween(240, 360);
        assertThat(Mixup.release().draw(RandomStream.of(1), 8, 4, 4).mixes()).hasSize(1);
    }

    @Test
    void unfitAlphasAreRefused() {
        assertThatThrownBy(() -> new Mixup(0, 0, 1, 0.5, Mode.BATCH, false)).isInstanceOf(UserException.class);
    }
}
