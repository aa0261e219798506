package org.s2d.data.augment;

import java.util.List;
import org.s2d.data.image.Image;

/** From 8-bit frames to the model's floats, and the geometric changes on floats. No function changes its input. */
public final class ClipTransforms {
    private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
    private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};

    private ClipTransforms() {}

    /** ImageNet's mean of a colour channel in 0..1; channel 0 is red. */
    public static float mean(int channel) {
        return MEAN[channel];
    }

    /** ImageNet's standard deviation of a colour channel in 0..1. */
    public static float deviation(int channel) {
        return DEVIATION[channel];
    }

    /** A colour value in 0..1 less ImageNet's mean, over its standard deviation; channel 0 is red. */
    public static float normalise(float value, int channel) {
        return (value - MEAN[channel]) / DEVIATION[channel];
    }

    /** The colour value, 0 to 1, of a normalised one. */
    public static float denormalise(float value, int channel) {
        return value * DEVIATION[channel] + MEAN[channel];
    }

    /** Frames of equal size as a normalised clip [3, T, H, W]. */
    public static FloatClip normalise(List<Image> frames) {
        int width = frames.getFirst().width();
        int height = frames.getFirst().height();
        FloatClip clip = FloatClip.zeros(3, frames.size(), height, width);
        float[][] table = new float[3][256];
        for (int i = 0; i < 3 * 256; i++) {
            table[i >> 8][i & 255] = normalise((i & 255) / 255f, i >> 8);
        }
        for (int t = 0; t < frames.size(); t++) {
            Image frame = frames.get(t);
            if (frame.width() != width || frame.height() != height) {
                throw new IllegalArgumentException("frame " + t + " has " + frame.width() + " x " + frame.height()
                        + " pixels, the first has " + width + " x " + height);
            }
            for (int c = 0; c < 3; c++) {
                int plane = clip.plane(c, t);
                for (int i = 0; i < width * height; i++) {
                    clip.values()[plane + i] = table[c][frame.rgb()[i * 3 + c] & 0xff];
                }
            }
        }
        return clip;
    }

    /** The box, resized to {@code size} x {@code size}: bilinear, align_corners false, no antialiasing. */
    public static FloatClip resizedCrop(FloatClip clip, CropBox box, int size) {
        if (box.top() < 0
                || box.left() < 0
                || box.top() + box.height() > clip.height()
                || box.left() + box.width() > clip.width()) {
            throw new IllegalArgumentException(
                    box + " leaves frames of " + clip.height() + " x " + clip.width() + " pixels");
        }
        Axis rows = Axis.of(box.height(), size);
        Axis columns = Axis.of(box.width(), size);
        FloatClip out = FloatClip.zeros(clip.channels(), clip.frames(), size, size);
        float[] in = clip.values();
        for (int p = 0, at = 0; p < clip.channels() * clip.frames(); p++) {
            int corner = p * clip.height() * clip.width() + box.top() * clip.width() + box.left();
            for (int y = 0; y < size; y++) {
                int upper = corner + rows.low[y] * clip.width();
                int lower = corner + rows.high[y] * clip.width();
                float down = rows.weight[y];
                for (int x = 0; x < size; x++, at++) {
                    int left = columns.low[x];
                    int right = columns.high[x];
                    float across = columns.weight[x];
                    float above = in[upper + left] * (1 - across) + in[upper + right] * across;
                    float below = in[lower + left] * (1 - across) + in[lower + right] * across;
                    out.values()[at] = above * (1 - down) + below * down;
                }
            }
        }
        return out;
    }

    /** For each output index the two input indices beside it and the weight of the higher one. */
    @SuppressWarnings("ArrayRecordComponent") // a bundle for the loops
    private record Axis(int[] low, int[] high, float[] weight) {
        static Axis of(int inSize, int outSize) {
            Axis axis = new Axis(new int[outSize], new int[outSize], new float[outSize]);
            float scale = (float) inSize / outSize;
            for (int i = 0; i < outSize; i++) {
                float position = Math.max(0f, scale * (i + 0.5f) - 0.5f);
                axis.low[i] = Math.min((int) position, inSize - 1);
                axis.high[i] = Math.min(axis.low[i] + 1, inSize - 1);
                axis.weight[i] = Math.clamp(position - axis.low[i], 0f, 1f);
            }
            return axis;
        }
    }

    /** Left and right exchanged. */
    public static FloatClip flip(FloatClip clip) {
        FloatClip out = FloatClip.zeros(clip.channels(), clip.frames(), clip.height(), clip.width());
        int width = clip.width();
        for (int row = 0; row < out.values().length; row += width) {
            for (int x = 0; x < width; x++) {
                out.values()[row + x] = clip.values()[row + width - 1 - x];
            }
        }
        return out;
    }
}
