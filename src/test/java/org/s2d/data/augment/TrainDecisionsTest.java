package org.s2d.data.augment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.s2d.data.FrameClip;
import org.s2d.data.FrameSampling;
import org.s2d.data.MadeClips;
import org.s2d.data.ReferenceCase;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.image.Resample;
import org.s2d.data.image.Resample.Filter;
import org.s2d.data.image.Warp.Interpolation;
import org.s2d.data.random.RandomStream;
import org.s2d.device.ImageNet;

class TrainDecisionsTest {
    private static List<AugmentStep> steps(JsonNode ops) {
        List<AugmentStep> steps = new ArrayList<>();
        for (JsonNode row : ops) {
            double argument = row.get("level_args").isEmpty()
                    ? 0
                    : row.get("level_args").get(0).doubleValue();
            steps.add(new AugmentStep(AugmentOp.parse(row.get("op").textValue()), argument, Interpolation.BICUBIC));
        }
        return steps;
    }

    private static Optional<ErasePatch> patch(ReferenceCase reference, int number, JsonNode box) {
        if (box.isNull()) {
            return Optional.empty();
        }
        return Optional.of(new ErasePatch(
                box.get("top").intValue(),
                box.get("left").intValue(),
                box.get("h").intValue(),
                box.get("w").intValue(),
                reference
                        .tensor("train.safetensors", "case" + number + "/erase_pixels")
                        .floats()));
    }

    private static float[] made(TrainDecisions decisions, List<Image> frames, int size) {
        return MadeClips.of(new FrameClip(decisions.operate(frames), decisions), size);
    }

    @Test
    void wholeTrainingSamplesMatchTheRelease() throws IOException {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        for (int number = 0; number < 3; number++) {
            JsonNode row = reference.values().get("train_case" + number);
            int size = row.get("size").intValue();
            int[] indices = FrameSampling.window(
                    row.get("clip_len").intValue(), 1, row.get("end_idx").intValue());
            List<Image> frames = new ArrayList<>();
            for (int i = 0; i < indices.length; i++) {
                assertThat(indices[i]).isEqualTo(row.get("indices").get(i).intValue());
                Image frame = ImageFile.read(reference.folder().resolve("frames/clip0/%05d.jpg".formatted(indices[i])));
                frames.add(Resample.resize(frame, size, size, Filter.BILINEAR));
            }
            JsonNode box = row.get("crop_ijhw");
            TrainDecisions decisions = new TrainDecisions(
                    steps(row.get("ops")),
                    Optional.of(new CropBox(
                            box.get(0).intValue(),
                            box.get(1).intValue(),
                            box.get(2).intValue(),
                            box.get(3).intValue())),
                    row.get("flip").booleanValue(),
                    patch(reference, number, row.get("erase")));
            float[] expected = reference
                    .tensor("train.safetensors", "case" + number + "/out")
                    .floats();
            assertThat(ReferenceCase.relativeError(made(decisions, frames, size), expected))
                    .as("case %s", number)
                    .isLessThan(3e-7);
        }
    }

    @Test
    void theRecipeDrawsEveryKindOfChangeAndRepeatsForASeed() {
        int flips = 0;
        int erased = 0;
        int operations = 0;
        for (int i = 0; i < 200; i++) {
            TrainDecisions first = Augmentation.release().draw(RandomStream.of(1, i), 2, 32, 32);
            TrainDecisions second = Augmentation.release().draw(RandomStream.of(1, i), 2, 32, 32);
            assertThat(second.operations()).isEqualTo(first.operations());
            assertThat(second.crop()).isEqualTo(first.crop()).isPresent();
            flips += first.flip() ? 1 : 0;
            erased += first.erase().isPresent() ? 1 : 0;
            operations += first.operations().size();
        }
        assertThat(flips).isBetween(70, 130);
        assertThat(erased).isBetween(25, 80);
        assertThat(operations).isBetween(340, 460);
    }

    @Test
    void noAugmentationIsTheNormalisedFrame() {
        Image frame = new Image(2, 2, new byte[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
        TrainDecisions none = Augmentation.none().draw(RandomStream.of(1), 1, 2, 2);
        float[] expected = new float[12];
        for (int i = 0; i < 12; i++) {
            expected[i % 3 * 4 + i / 3] = ImageNet.normalise(i / 255f, i % 3);
        }
        assertThat(none).isEqualTo(TrainDecisions.NONE);
        assertThat(made(none, List.of(frame), 2)).isEqualTo(expected);
    }
}
