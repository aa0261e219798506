package org.s2d.data.augment;

import java.util.List;
import java.util.Optional;
import org.s2d.data.random.Draws;

/**
 * Which random changes training clips get; the sampler of {@link TrainDecisions}.
 *
 * @param randAugment colour and geometry operations
 * @param resizedCrop scale and ratio of the random resized crop; none: the whole frame
 * @param flipProbability chance of a horizontal flip
 * @param erase random erasing
 */
public record Augmentation(
        Optional<RandAugment> randAugment,
        Optional<CropRange> resizedCrop,
        double flipProbability,
        Optional<ErasePatch.Rule> erase) {
    /** Smallest and largest part of the area, and of width / height. */
    public record CropRange(double minScale, double maxScale, double minRatio, double maxRatio) {}

    /** No change at all. */
    public static Augmentation none() {
        return new Augmentation(Optional.empty(), Optional.empty(), 0, Optional.empty());
    }

    /** The release's fine-tuning recipe. */
    public static Augmentation release() {
        return new Augmentation(
                Optional.of(RandAugment.parse("rand-m7-n4-mstd0.5-inc1")),
                Optional.of(new CropRange(0.08, 1, 0.75, 1.3333)),
                0.5,
                Optional.of(new ErasePatch.Rule(0.25, ErasePatch.Mode.PIXEL)));
    }

    /**
     * Decides everything for one clip.
     *
     * @param side side of the square frames before the crop
     * @param size side of the model's input
     */
    public TrainDecisions draw(Draws draws, int frames, int side, int size) {
        List<AugmentStep> steps =
                randAugment.map(rule -> rule.draw(draws, side)).orElse(List.of());
        Optional<CropBox> box = resizedCrop.map(range -> CropBox.draw(
                draws,
                new double[] {range.minScale, range.maxScale},
                new double[] {range.minRatio, range.maxRatio},
                side,
                side));
        boolean flip = draws.chance(flipProbability);
        Optional<ErasePatch> patch = erase.flatMap(rule -> rule.draw(draws, 3, frames, size, size));
        return new TrainDecisions(steps, box, flip, patch);
    }
}
