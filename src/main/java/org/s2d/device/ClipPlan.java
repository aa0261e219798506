package org.s2d.device;

import java.util.List;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * How one clip of a batch comes out of its frames ({@link Frames#clips}).
 *
 * @param crop the part of every frame that becomes the clip's picture
 * @param flip whether left and right are exchanged after that
 * @param erased the part of every picture that is overwritten
 * @param firstValue place of the first value written there; they lie as [T, 3, erased height, erased width]
 */
public record ClipPlan(Box crop, boolean flip, Box erased, long firstValue, Mix mix) {
    /** Numbers of a plan in a tensor. */
    public static final int WORDS = 18;

    /** A rectangle in pixels. */
    public record Box(int top, int left, int height, int width) {
        public static final Box NONE = new Box(0, 0, 0, 0);

        boolean liesIn(int outerHeight, int outerWidth) {
            return top >= 0
                    && left >= 0
                    && height >= 0
                    && width >= 0
                    && top <= outerHeight - height
                    && left <= outerWidth - width;
        }

        public boolean contains(int y, int x) {
            return y >= top && y < top + height && x >= left && x < left + width;
        }
    }

    /**
     * {@code weight * own + rest * partner} in a part of some frames; with a weight of 0 the partner alone.
     *
     * @param first the first of the frames
     * @param part of the pictures
     */
    public record Mix(int first, int frames, Box part, float weight, float rest) {
        public static final Mix NONE = new Mix(0, 0, Box.NONE, 1, 0);

        public boolean contains(int t, int y, int x) {
            return t >= first && t < first + frames && part.contains(y, x);
        }
    }

    /** The whole of frames that have the clip's size already. */
    public static ClipPlan whole(int height, int width) {
        return new ClipPlan(new Box(0, 0, height, width), false, Box.NONE, 0, Mix.NONE);
    }

    /**
     * Throws unless the plan fits.
     *
     * @param out shape of the clips, [B, 3, T, h, w]
     * @param pixels shape of the frames, [B, T, H, W, 3]
     * @param values how many values for erased boxes there are
     */
    public ClipPlan requireFits(Shape out, Shape pixels, long values) {
        long erasedValues = 3L * out.dim(2) * erased.height * erased.width;
        boolean mixFits = mix.first >= 0
                && mix.frames >= 0
                && mix.first <= out.dim(2) - mix.frames
                && mix.part.liesIn(out.dim(3), out.dim(4));
        if (!crop.liesIn(pixels.dim(2), pixels.dim(3)) || (crop.height * crop.width == 0 && out.numel() > 0)) {
            throw new ShapeException("clips: crop " + crop + " of frames " + pixels);
        }
        if (!erased.liesIn(out.dim(3), out.dim(4)) || firstValue < 0 || firstValue > values - erasedValues) {
            throw new ShapeException("clips: erased " + erased + " of " + out + " with values " + firstValue + " to "
                    + (firstValue + erasedValues) + " of " + values);
        }
        if (!mixFits) {
            throw new ShapeException("clips: " + mix + " in clips " + out);
        }
        return this;
    }

    /** Writes plans to a host tensor I64 [B, {@link #WORDS}]. */
    public static void write(Tensor out, List<ClipPlan> plans) {
        long at = 0;
        for (ClipPlan plan : plans) {
            for (long word : plan.words()) {
                out.setLong(at++, word);
            }
        }
    }

    /** In the order in which {@code kernels/frames.cu} reads them. */
    private long[] words() {
        return new long[] {
            crop.top,
            crop.left,
            crop.height,
            crop.width,
            flip ? 1 : 0,
            erased.top,
            erased.left,
            erased.height,
            erased.width,
            firstValue,
            mix.first,
            mix.frames,
            mix.part.top,
            mix.part.left,
            mix.part.height,
            mix.part.width,
            Float.floatToRawIntBits(mix.weight),
            Float.floatToRawIntBits(mix.rest)
        };
    }

    /** Reads the plan of a row from a tensor in host memory. */
    public static ClipPlan read(Tensor plans, int row) {
        long at = (long) row * WORDS;
        return new ClipPlan(
                box(plans, at),
                plans.getLong(at + 4) != 0,
                box(plans, at + 5),
                plans.getLong(at + 9),
                new Mix(
                        (int) plans.getLong(at + 10),
                        (int) plans.getLong(at + 11),
                        box(plans, at + 12),
                        Float.intBitsToFloat((int) plans.getLong(at + 16)),
                        Float.intBitsToFloat((int) plans.getLong(at + 17))));
    }

    private static Box box(Tensor plans, long at) {
        return new Box((int) plans.getLong(at), (int) plans.getLong(at + 1), (int) plans.getLong(at + 2), (int)
                plans.getLong(at + 3));
    }
}
