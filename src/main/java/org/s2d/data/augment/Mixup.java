package org.s2d.data.augment;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.s2d.data.random.RandomStream;
import org.s2d.tensor.DType;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/**
 * Mixup (Zhang et al., 2018) and CutMix (Yun et al., 2019) on batches of clips: row i meets row B - 1 - i.
 *
 * @param mixupAlpha blending: weight drawn from beta(alpha, alpha); 0 switches it off
 * @param cutmixAlpha cutting, likewise
 * @param probability chance that anything is mixed
 * @param switchProbability chance of cutting where both are on
 * @param mode whether one decision holds for the batch, each pair of rows, or each row
 * @param releaseCompatible whether cutting in pair mode takes time and height for height and width, as the release does
 */
public record Mixup(
        double mixupAlpha,
        double cutmixAlpha,
        double probability,
        double switchProbability,
        Mode mode,
        boolean releaseCompatible) {
    /** How many decisions a batch takes. */
    public enum Mode {
        BATCH,
        PAIR,
        ELEM
    }

    /**
     * What happens to one row: it keeps {@code weight} of itself. With a box, that part of every frame is replaced; else the
     * rows are blended.
     */
    public record Mix(double weight, Optional<CropBox> box) {
        public static final Mix NONE = new Mix(1, Optional.empty());

        /** weight * row + (1 - weight) * partner. */
        public static Mix blend(double weight) {
            return new Mix(weight, Optional.empty());
        }

        /** The box comes from the partner; the weight is the part of the frame that stays. */
        public static Mix cut(CropBox box, int height, int width) {
            return new Mix(1 - (double) box.height() * box.width() / ((double) height * width), Optional.of(box));
        }
    }

    /**
     * The decisions for a batch: one, one per pair, or one per row.
     *
     * @param cutsTime whether a box means frames and lines of them, not lines and columns of every frame
     */
    public record Decisions(Mode mode, boolean cutsTime, List<Mix> mixes) {
        public Decisions {
            mixes = List.copyOf(mixes);
        }

        /** What happens to a row of a batch of {@code rows}. */
        public Mix of(int row, int rows) {
            return switch (mode) {
                case BATCH -> mixes.getFirst();
                case ELEM -> mixes.get(row);
                case PAIR -> 2 * row == rows - 1 ? Mix.NONE : mixes.get(Math.min(row, rows - 1 - row));
            };
        }
    }

    public Mixup {
        if (!(mixupAlpha >= 0) || !(cutmixAlpha >= 0) || mixupAlpha + cutmixAlpha <= 0) {
            throw new UserException("mixup: alphas " + mixupAlpha + " and " + cutmixAlpha
                    + ", expected none below 0 and one above. Leave mixup out to switch it off.");
        }
    }

    /** The release's recipe. */
    public static Mixup release() {
        return new Mixup(0.8, 1.0, 1.0, 0.5, Mode.BATCH, false);
    }

    /** Draws the decisions for a batch of {@code rows} clips of frames of this size. */
    public Decisions draw(RandomStream stream, int rows, int height, int width) {
        int count = switch (mode) {
            case BATCH -> 1;
            case PAIR -> rows / 2;
            case ELEM -> rows;
        };
        List<Mix> mixes = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            mixes.add(drawOne(stream, height, width));
        }
        return new Decisions(mode, releaseCompatible && mode == Mode.PAIR, mixes);
    }

    private Mix drawOne(RandomStream stream, int height, int width) {
        if (!stream.chance(probability)) {
            return Mix.NONE;
        }
        boolean cut = cutmixAlpha > 0 && (mixupAlpha == 0 || stream.chance(switchProbability));
        double alpha = cut ? cutmixAlpha : mixupAlpha;
        double weight = stream.nextBeta(alpha, alpha);
        return cut
                ? Mix.cut(cutBox(weight, stream.nextInt(height), stream.nextInt(width), height, width), height, width)
                : Mix.blend(weight);
    }

    /** The box around a centre that would leave {@code weight} of the frame, clipped at its border. */
    public static CropBox cutBox(double weight, int centreY, int centreX, int height, int width) {
        double side = Math.sqrt(1 - weight);
        int halfHeight = (int) (height * side) / 2;
        int halfWidth = (int) (width * side) / 2;
        int top = Math.clamp(centreY - halfHeight, 0, height);
        int left = Math.clamp(centreX - halfWidth, 0, width);
        int bottom = Math.clamp(centreY + halfHeight, 0, height);
        int right = Math.clamp(centreX + halfWidth, 0, width);
        return new CropBox(top, left, bottom - top, right - left);
    }

    /**
     * The soft targets that belong to mixed rows: each row's smoothed label and its partner's, weighted as the pixels are.
     *
     * @param labels I64 [B]
     * @param smoothing part of the probability that is spread over all classes
     * @param out F32 [B, classes]
     */
    public static void targets(Tensor labels, Decisions decisions, double smoothing, Tensor out) {
        int rows = labels.dim(0);
        int classes = out.dim(1);
        if (out.rank() != 2 || out.dim(0) != rows || out.dtype() != DType.F32) {
            throw new ShapeException("mixup targets: " + labels + " does not fit " + out);
        }
        float off = (float) (smoothing / classes);
        float on = (float) (1 - smoothing + smoothing / classes);
        for (int i = 0; i < rows; i++) {
            double weight = decisions.of(i, rows).weight;
            for (int c = 0; c < classes; c++) {
                float own = labels.getLong(i) == c ? on : off;
                float partner = labels.getLong(rows - 1 - i) == c ? on : off;
                out.setDouble((long) i * classes + c, own * (float) weight + partner * (float) (1 - weight));
            }
        }
    }
}
