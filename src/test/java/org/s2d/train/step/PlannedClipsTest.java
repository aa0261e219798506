package org.s2d.train.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.s2d.data.MadeClips;
import org.s2d.data.ReferenceCase;
import org.s2d.data.augment.CropBox;
import org.s2d.data.augment.ErasePatch;
import org.s2d.data.augment.TrainDecisions;
import org.s2d.device.ImageNet;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** What is decided about clips happens to them, with PyTorch's numbers. */
class PlannedClipsTest {
    private static final String CROP = "crop.safetensors";
    private static final String ERASE = "erase.safetensors";
    private static final TrainDecisions FLIPPED =
            new TrainDecisions(List.of(), Optional.empty(), true, Optional.empty());

    private final HostPool pool = new HostPool();
    private final Scope scope = new Scope(pool);

    @AfterEach
    void close() {
        scope.close();
        pool.close();
    }

    private Tensor tensor(ReferenceCase.Values values) {
        return scope.allocate(DType.F32, Shape.of(values.shape())).set(values.floats());
    }

    /** Pixels [1, T, H, W, 3] of a clip [3, T, H, W]. */
    private static Tensor pixels(Tensor clip) {
        return clip.permute(1, 2, 3, 0).unflatten(0, 1, clip.dim(1));
    }

    private static PlannedClips cropped(Tensor pixels, CropBox box) {
        TrainDecisions decisions = new TrainDecisions(List.of(), Optional.of(box), false, Optional.empty());
        return PlannedClips.of(pixels, List.of(decisions), 32, 32);
    }

    @Test
    void resizedCropsMatchInterpolate() {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        Tensor pixels = pixels(tensor(reference.tensor(CROP, "in")));
        CropBox[] boxes = {new CropBox(3, 7, 25, 30), new CropBox(0, 0, 40, 52), new CropBox(10, 20, 9, 13)};
        for (int i = 0; i < boxes.length; i++) {
            float[] expected =
                    reference.tensor(CROP, "resized_crop_" + (char) ('a' + i)).floats();
            float[] actual = MadeClips.of(cropped(pixels, boxes[i]));
            assertThat(ReferenceCase.relativeError(actual, expected)).isLessThan(2e-7);
        }
        assertThatThrownBy(() -> cropped(pixels, new CropBox(20, 0, 21, 52)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("of frames (1, 2, 40, 52, 3)");
    }

    @Test
    void flipAndNormaliseAreExact() {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        Tensor pixels = pixels(tensor(reference.tensor(CROP, "in")));
        assertThat(MadeClips.of(PlannedClips.of(pixels, List.of(FLIPPED), 40, 52)))
                .isEqualTo(reference.tensor(CROP, "flip").floats());
        float[] values = reference.tensor(CROP, "tensor_normalize_in").floats();
        for (int i = 0; i < values.length; i++) {
            values[i] = ImageNet.normalise(values[i], i % 3);
        }
        assertThat(values).isEqualTo(reference.tensor(CROP, "tensor_normalize").floats());
    }

    @Test
    void erasesTheRecordedBoxInEveryFrame() throws IOException {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        Tensor clip = tensor(reference.tensor(ERASE, "in")).transpose(0, 1);
        for (String mode : new String[] {"pixel", "rand", "const"}) {
            JsonNode box = reference.values().get("erase_" + mode);
            int[] size = ErasePatch.boxSize(
                    box.get("target_area").doubleValue(), box.get("log_aspect").doubleValue());
            assertThat(size)
                    .containsExactly(box.get("h").intValue(), box.get("w").intValue());
            ErasePatch patch = new ErasePatch(
                    box.get("top").intValue(),
                    box.get("left").intValue(),
                    size[0],
                    size[1],
                    reference.tensor(ERASE, mode + "/pixels").floats());
            TrainDecisions decisions = new TrainDecisions(List.of(), Optional.empty(), false, Optional.of(patch));
            Tensor expected = tensor(reference.tensor(ERASE, mode + "/out")).transpose(0, 1);
            assertThat(MadeClips.of(PlannedClips.of(pixels(clip), List.of(decisions), clip.dim(2), clip.dim(3))))
                    .isEqualTo(expected.toFloats());
        }
    }
}
