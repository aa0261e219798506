package org.s2d.train.results;

import java.awt.image.BufferedImage;
import java.util.Arrays;
import java.util.List;
import org.s2d.data.ClipDataset;
import org.s2d.data.FrameClip;
import org.s2d.data.image.Image;
import org.s2d.data.random.RandomStream;
import org.s2d.tensor.Scope;
import org.s2d.train.step.PlannedClips;

/** Clips of a data set as the model sees them, also as pictures for people. */
final class ClipPictures {
    private final ClipDataset dataset;

    ClipPictures(ClipDataset dataset) {
        this.dataset = dataset;
    }

    /** An item by itself. */
    PlannedClips clip(int item, Scope scope) {
        return PlannedClips.of(
                load(item), scope, dataset.spec().size(), dataset.spec().size());
    }

    private FrameClip load(int item) {
        return dataset.load(item, RandomStream.of(0));
    }

    /** Which frames of a clip are shown: at most {@code most}, evenly spaced, the first and the last always. */
    int[] shown(int most) {
        int frames = dataset.spec().frames();
        int count = Math.min(frames, most);
        int[] shown = new int[count];
        for (int i = 0; i < count; i++) {
            shown[i] = count == 1 ? frames / 2 : Math.round((float) i * (frames - 1) / (count - 1));
        }
        return shown;
    }

    /** Some frames of an item, after all that happens to them before the model but the normalisation. */
    List<BufferedImage> frames(int item, int[] shown) {
        List<Image> frames = load(item).frames();
        return Arrays.stream(shown)
                .mapToObj(t -> frames.get(t).toBufferedImage())
                .toList();
    }
}
