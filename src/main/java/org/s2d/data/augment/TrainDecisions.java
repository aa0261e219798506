package org.s2d.data.augment;

import java.util.List;
import java.util.Optional;
import org.s2d.data.image.Image;

/**
 * All that chance decides about one training clip: the operations happen to the frames, the rest where the model's input is made.
 *
 * @param operations colour and geometry operations, the same for every frame
 * @param crop the part that is resized to the model's input size; none: the whole frame
 */
public record TrainDecisions(
        List<AugmentStep> operations, Optional<CropBox> crop, boolean flip, Optional<ErasePatch> erase) {
    /** No change at all. */
    public static final TrainDecisions NONE = new TrainDecisions(List.of(), Optional.empty(), false, Optional.empty());

    public TrainDecisions {
        operations = List.copyOf(operations);
    }

    /** Frames after the operations. */
    public List<Image> operate(List<Image> frames) {
        return frames.stream().map(this::operate).toList();
    }

    private Image operate(Image frame) {
        Image result = frame;
        for (AugmentStep step : operations) {
            result = step.apply(result);
        }
        return result;
    }
}
