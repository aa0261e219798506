package org.s2d.data.augment;

import java.util.List;
import java.util.Optional;
import org.s2d.data.image.Image;

/**
 * All that chance decides about one training clip; {@link #apply} is a pure function of it.
 *
 * @param operations colour and geometry operations, the same for every frame
 * @param crop the part that is resized to the model's input size; none: the whole frame
 */
public record TrainDecisions(
        List<AugmentStep> operations, Optional<CropBox> crop, boolean flip, Optional<ErasePatch> erase) {
    public TrainDecisions {
        operations = List.copyOf(operations);
    }

    /** Frames of equal size to the model's input [3, T, size, size]. */
    public FloatClip apply(List<Image> frames, int size) {
        List<Image> changed = frames.stream().map(this::operate).toList();
        FloatClip clip = ClipTransforms.normalise(changed);
        if (crop.isPresent() || clip.height() != size || clip.width() != size) {
            CropBox box = crop.orElse(new CropBox(0, 0, clip.height(), clip.width()));
            clip = ClipTransforms.resizedCrop(clip, box, size);
        }
        if (flip) {
            clip = ClipTransforms.flip(clip);
        }
        return erase.isPresent() ? erase.get().apply(clip) : clip;
    }

    private Image operate(Image frame) {
        Image result = frame;
        for (AugmentStep step : operations) {
            result = step.apply(result);
        }
        return result;
    }
}
