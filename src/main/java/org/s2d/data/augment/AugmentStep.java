package org.s2d.data.augment;

import org.s2d.data.image.Image;
import org.s2d.data.image.Warp.Interpolation;

/** One operation with its argument, decided for a whole clip. */
public record AugmentStep(AugmentOp op, double argument, Interpolation interpolation) {
    public Image apply(Image image) {
        return op.apply(image, argument, interpolation);
    }
}
