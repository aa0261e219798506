package org.s2d.data.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.s2d.data.ReferenceCase;
import org.s2d.data.random.RandomStream;

class ClipTransformsTest {
    private static final String CROP = "crop.safetensors";

    @Test
    void resizedCropsMatchInterpolate() {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        FloatClip clip = reference.tensor(CROP, "in").clip();
        CropBox[] boxes = {new CropBox(3, 7, 25, 30), new CropBox(0, 0, 40, 52), new CropBox(10, 20, 9, 13)};
        for (int i = 0; i < boxes.length; i++) {
            float[] expected =
                    reference.tensor(CROP, "resized_crop_" + (char) ('a' + i)).floats();
            FloatClip actual = ClipTransforms.resizedCrop(clip, boxes[i], 32);
            assertThat(ReferenceCase.relativeError(actual.values(), expected)).isLessThan(2e-7);
        }
        assertThatThrownBy(() -> ClipTransforms.resizedCrop(clip, new CropBox(20, 0, 21, 52), 32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("leaves frames of 40 x 52 pixels");
    }

    @Test
    void flipAndNormaliseAreExact() {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        FloatClip flipped = ClipTransforms.flip(reference.tensor(CROP, "in").clip());
        assertThat(flipped.values()).isEqualTo(reference.tensor(CROP, "flip").floats());
        float[] values = reference.tensor(CROP, "tensor_normalize_in").floats();
        for (int i = 0; i < values.length; i++) {
            values[i] = ClipTransforms.normalise(values[i], i % 3);
        }
        assertThat(values).isEqualTo(reference.tensor(CROP, "tensor_normalize").floats());
    }

    @Test
    void erasesTheRecordedBoxInEveryFrame() throws IOException {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        FloatClip clip = framesFirst(reference.tensor("erase.safetensors", "in"));
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
                    reference.tensor("erase.safetensors", mode + "/pixels").floats());
            assertThat(patch.apply(clip).values())
                    .isEqualTo(framesFirst(reference.tensor("erase.safetensors", mode + "/out"))
                            .values());
        }
    }

    /** [T, C, H, W] to [C, T, H, W]. */
    private static FloatClip framesFirst(ReferenceCase.Values tensor) {
        int[] shape = tensor.shape();
        FloatClip clip = FloatClip.zeros(shape[1], shape[0], shape[2], shape[3]);
        int area = shape[2] * shape[3];
        for (int t = 0; t < shape[0]; t++) {
            for (int c = 0; c < shape[1]; c++) {
                for (int i = 0; i < area; i++) {
                    clip.values()[(c * shape[0] + t) * area + i] =
                            (float) tensor.values()[(t * shape[1] + c) * area + i];
                }
            }
        }
        return clip;
    }

    @Test
    void drawnPatchesCoverBetweenAFiftiethAndAThird() {
        RandomStream stream = RandomStream.of(8);
        int erased = 0;
        for (int i = 0; i < 400; i++) {
            ErasePatch patch = new ErasePatch.Rule(0.25, ErasePatch.Mode.RAND)
                    .draw(stream, 3, 2, 64, 64)
                    .orElse(null);
            if (patch != null) {
                erased++;
                double part = (double) patch.height() * patch.width() / (64 * 64);
                assertThat(part).isBetween(0.018, 0.35);
                assertThat(patch.values()).hasSize(6 * patch.height() * patch.width());
                assertThat(patch.values()[0]).isEqualTo(patch.values()[1]);
                patch.apply(FloatClip.zeros(3, 2, 64, 64));
            }
        }
        assertThat(erased).isBetween(70, 130);
    }
}
