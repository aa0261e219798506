package org.s2d.train;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.s2d.data.ClipDataset;
import org.s2d.data.augment.ClipTransforms;
import org.s2d.data.augment.FloatClip;
import org.s2d.data.random.RandomStream;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Clips of a data set as the model sees them, also as pictures for people. */
final class ClipPictures {
    private final ClipDataset dataset;

    ClipPictures(ClipDataset dataset) {
        this.dataset = dataset;
    }

    /** Normalised pixels of an item, [1, 3, T, H, W]. */
    Tensor pixels(int item, Scope scope) {
        int size = dataset.spec().size();
        Tensor pixels = scope.allocate(DType.F32, Shape.of(1, 3, dataset.spec().frames(), size, size));
        pixels.select(0, 0).set(load(item).values());
        return pixels;
    }

    private FloatClip load(int item) {
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
        float[] values = load(item).values();
        List<BufferedImage> pictures = new ArrayList<>();
        for (int t : shown) {
            pictures.add(picture(values, t));
        }
        return pictures;
    }

    private BufferedImage picture(float[] values, int t) {
        int size = dataset.spec().size();
        int frames = dataset.spec().frames();
        BufferedImage picture = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                int pixel = 0;
                for (int c = 0; c < 3; c++) {
                    float value = ClipTransforms.denormalise(values[((c * frames + t) * size + y) * size + x], c);
                    pixel = (pixel << 8) | Math.clamp(Math.round(255 * value), 0, 255);
                }
                picture.setRGB(x, y, pixel);
            }
        }
        return picture;
    }
}
