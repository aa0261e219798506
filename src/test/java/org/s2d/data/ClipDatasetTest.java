package org.s2d.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.data.augment.Augmentation;
import org.s2d.data.image.Image;
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

    @Test
    void validationItemsAreBitEqualToTheReleases() {
        ReferenceCase reference = ReferenceCase.require("preprocess");
        ClipList list = referenceList(reference);
        assertThat(list.samples().getFirst().id()).isEqualTo("clip0");
        assertThat(list.samples().getFirst().label()).isEqualTo(3);
        FrameClip small = ClipDataset.validation(list, ClipSpec.of(16, 64)).load(0, RandomStream.of(1));
        assertThat(MadeClips.of(small, 64))
                .isEqualTo(reference.tensor("validation.safetensors", "size64").floats());
        FrameClip large = ClipDataset.validation(list, ClipSpec.of(16, 224)).load(0, RandomStream.of(1));
        assertThat(MadeClips.of(MadeClips.frames(large, 15), 224))
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
            FrameClip clip = dataset.load(item, RandomStream.of(1));
            assertThat(MadeClips.of(MadeClips.frames(clip, 0, 2, 4, 6), 64))
                    .isEqualTo(reference
                            .tensor("test.safetensors", "seg" + item + "_crop0")
                            .floats());
            assertThat(MadeClips.of(MadeClips.frames(clip, 0), 64))
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
        FrameClip left = crops.load(0, RandomStream.of(1));
        FrameClip right = crops.load(2, RandomStream.of(1));
        assertThat(left.frames().getFirst().rgb())
                .isNotEqualTo(right.frames().getFirst().rgb());
    }

    @Test
    void photographsFillAClipOfOneFrame() throws IOException {
        Path file = Pictures.write(folder.resolve("photo.png"), 5, 5, 40);
        ClipList list =
                new ClipList("photos", List.of("a"), List.of(new Sample("p", new Media.Photo(file), 0)), List.of());
        FrameClip clip =
                ClipDataset.train(list, ClipSpec.of(1, 4), Augmentation.none()).load(0, RandomStream.of(1));
        assertThat(clip.frames())
                .singleElement()
                .satisfies(frame ->
                        assertThat(new int[] {frame.width(), frame.height()}).containsExactly(4, 4));
    }

    @Test
    void greyTakesColoursAway() throws IOException {
        ClipList list = Pictures.clips(folder, 1, 2, 6, 4);
        FrameClip grey =
                ClipDataset.validation(list, ClipSpec.of(2, 4).withGrey(true)).load(0, RandomStream.of(1));
        for (Image frame : grey.frames()) {
            for (int i = 0; i < frame.rgb().length; i += 3) {
                assertThat(frame.rgb()[i]).isEqualTo(frame.rgb()[i + 1]).isEqualTo(frame.rgb()[i + 2]);
            }
        }
    }

    @Test
    void trainingItemsDependOnTheirDrawsAlone() throws IOException {
        ClipList list = Pictures.clips(folder, 1, 9, 12, 10);
        ClipDataset dataset = ClipDataset.train(list, ClipSpec.of(4, 8), Augmentation.release());
        float[] first = MadeClips.of(dataset.load(0, RandomStream.of(5)), 8);
        assertThat(MadeClips.of(dataset.load(0, RandomStream.of(5)), 8)).isEqualTo(first);
        assertThat(MadeClips.of(dataset.load(0, RandomStream.of(6)), 8)).isNotEqualTo(first);
    }
}
