package org.s2d.device;

import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Clips as models take them, out of the frames of videos. */
public interface Frames {
    /**
     * Makes clips in one pass over frames. Each frame's crop is resized (bilinear, align_corners false, no antialiasing: PyTorch's
     * {@code interpolate} in single precision) and mirrored, its colours are normalised, the erased box is overwritten, and where
     * {@code mixed} says so row {@code b} is mixed with row {@code B - 1 - b}, both as {@link ClipPlan} tells.
     *
     * @param out [B, 3, T, h, w]
     * @param pixels [B, T, H, W, 3]: U8, or of a floating type and then {@link ImageNet#normalise normalised} already
     * @param plans I64 [B, {@link ClipPlan#WORDS}]: {@link ClipPlan#write}
     * @param values what is written to erased boxes, [N] in the device's float type
     */
    void clips(Tensor out, Tensor pixels, Tensor plans, Tensor values, boolean mixed);

    /** Throws unless the arguments of {@link #clips} fit each other. What the plans say is checked where the host knows it. */
    static void check(Tensor out, Tensor pixels, Tensor plans, Tensor values) {
        Checks.floating("clips", out, values);
        Checks.contiguous("clips", out, pixels, plans, values);
        boolean fits = out.rank() == 5
                && pixels.rank() == 5
                && out.dim(0) == pixels.dim(0)
                && out.dim(1) == 3
                && out.dim(2) == pixels.dim(1)
                && pixels.dim(4) == 3;
        if (!fits || pixels.dtype() == DType.I64) {
            throw new ShapeException("clips: " + pixels + " to " + out
                    + ", expected pixels [B, T, H, W, 3] and clips [B, 3, T, h, w] with equal B and T");
        }
        if (plans.dtype() != DType.I64 || !plans.shape().equals(Shape.of(out.dim(0), ClipPlan.WORDS))) {
            throw new ShapeException("clips: plans " + plans + ", expected I64" + Shape.of(out.dim(0), ClipPlan.WORDS));
        }
        Checks.rank("clips", "values", values, 1);
    }
}
