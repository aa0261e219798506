package org.s2d.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.data.augment.Augmentation;
import org.s2d.data.augment.FloatClip;
import org.s2d.data.random.RandomStream;

class ClipDatasetTest {
    @TempDir
    private Path folder;

    private static ClipList referenceList(ReferenceCase reference) {
        return AnnotationReader.read(
                DatasetFormat.DFEW,
                reference.folder().resolve("list.csv"),
                reference.folder().resolve("frames"),
                ListOptions.defaults());
    }

    /** Frames {@code from}, {@code from + step}, ... of a clip [C, T, H, W]. */
    private static float[] frames(FloatClip clip, int... chosen) {
        int area = clip.height() * clip.width();
        float[] out = new float[3 * chosen.length * area];
        for (int c = 0; c < 3; c++) {
            for (int t = 0; t < chosen.length; t++) {
                int from = (c * clip.frames() + chosen[t]) * area;
                System.arraycopy(clip.values(), from, out, (c * chosen.length + t) * area, area);
            }
        }
        return out;
    }

    @Test
    void validationItemsAreBitEqualToTheReleases() {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        ClipList list = referenceList(reference);
        assertThat(list.samples().getFirst().id()).isEqualTo("clip0");
        assertThat(list.samples().getFirst().label()).isEqualTo(3);
        FloatClip small = ClipDataset.validation(list, ClipSpec.of(16, 64)).load(0, RandomStream.of(1));
        assertThat(small.values())
                .isEqualTo(reference.tensor("validation.safetensors", "size64").floats());
        FloatClip large = ClipDataset.validation(list, ClipSpec.of(16, 224)).load(0, RandomStream.of(1));
        assertThat(frames(large, 15))
                .isEqualTo(reference
                        .tensor("validation.safetensors", "size224_frame15")
                        .floats());
    }

    @Test
    void testViewsAreBitEqualToTheReleases() {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        ClipDataset dataset = ClipDataset.test(referenceList(reference), ClipSpec.of(8, 64), TestViews.release());
        assertThat(dataset.size()).isEqualTo(2);
        for (int item = 0; item < 2; item++) {
            assertThat(dataset.view(item)).isEqualTo(new View(0, item, 0, 2));
            FloatClip clip = dataset.load(item, RandomStream.of(1));
            assertThat(frames(clip, 0, 2, 4, 6))
                    .isEqualTo(reference
                            .tensor("test.safetensors", "seg" + item + "_crop0")
                            .floats());
            assertThat(frames(clip, 0))
                    .isEqualTo(reference
                            .tensor("test.safetensors", "seg" + item + "_crop1")
                            .floats());
        }
    }

    @Test
    void equalViewsAreMadeOnceAndCounted() throws IOException {
        ClipList list = Pictures.clips(folder, 2, 16, 6, 4);
        assertThat(ClipDataset.test(list, ClipSpec.of(16, 4), TestViews.release())
                        .size())
                .isEqualTo(2);
        ClipDataset once = ClipDataset.test(list, ClipSpec.of(16, 4), new TestViews(3, 2, TestViews.CropMode.SQUARE));
        assertThat(once.view(1)).isEqualTo(new View(1, 0, 0, 6));
        ClipDataset crops = ClipDataset.test(list, ClipSpec.of(8, 4), new TestViews(2, 3, TestViews.CropMode.ASPECT));
        assertThat(crops.size()).isEqualTo(2 * 2 * 3);
        FloatClip left = crops.load(0, RandomStream.of(1));
        FloatClip right = crops.load(2, RandomStream.of(1));
        assertThat(left.values()).isNotEqualTo(right.values());
    }

    @Test
    void photographsFillAClipOfOneFrame() throws IOException {
        Path file = Pictures.write(folder.resolve("photo.png"), 5, 5, 40);
        ClipList list =
                new ClipList("photos", List.of("a"), List.of(new Sample("p", new Media.Photo(file), 0)), List.of());
        FloatClip clip =
                ClipDataset.train(list, ClipSpec.of(1, 4), Augmentation.none()).load(0, RandomStream.of(1));
        assertThat(new int[] {clip.channels(), clip.frames(), clip.height(), clip.width()})
                .containsExactly(3, 1, 4, 4);
    }

    @Test
    void greyTakesColoursAway() throws IOException {
        ClipList list = Pictures.clips(folder, 1, 2, 6, 4);
        FloatClip grey =
                ClipDataset.validation(list, ClipSpec.of(2, 4).withGrey(true)).load(0, RandomStream.of(1));
        float[] values = grey.values();
        int area = 2 * 4 * 4;
        for (int i = 0; i < area; i++) {
            float red = values[i] * 0.229f + 0.485f;
            float blue = values[2 * area + i] * 0.225f + 0.406f;
            assertThat(red).isCloseTo(blue, within(1e-5f));
        }
    }

    @Test
    void trainingItemsDependOnTheirDrawsAlone() throws IOException {
        ClipList list = Pictures.clips(folder, 1, 9, 12, 10);
        ClipDataset dataset = ClipDataset.train(list, ClipSpec.of(4, 8), Augmentation.release());
        float[] first = dataset.load(0, RandomStream.of(5)).values();
        assertThat(dataset.load(0, RandomStream.of(5)).values()).isEqualTo(first);
        assertThat(Arrays.equals(dataset.load(0, RandomStream.of(6)).values(), first))
                .isFalse();
    }
}
