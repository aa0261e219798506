package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Weights of the landmark prompter {@code back(fovea(focus(image)) + other(landmark))}, or their gradients: contiguous, in the
 * device's float type.
 *
 * @param focus [H, D] and {@code focusBias} [H]: the image stream's 1x1 convolution
 * @param other [H, D] and {@code otherBias} [H]: the landmark stream's
 * @param smooth [1]: the fovea's
 * @param back [D, H] and {@code backBias} [D]: the convolution back to the width of the tokens
 */
public record FoveaPrompter(
        Tensor focus, Tensor focusBias, Tensor other, Tensor otherBias, Tensor smooth, Tensor back, Tensor backBias) {
    private static final String KERNEL = "foveaPrompt";

    public FoveaPrompter {
        Checks.rank(KERNEL, "focus", focus, 2);
        Shape channels = Shape.of(focus.dim(0));
        Checks.sameShape(KERNEL, focus, other);
        Checks.shape(KERNEL, "back", back, Shape.of(focus.dim(1), focus.dim(0)));
        Checks.shape(KERNEL, "focus bias", focusBias, channels);
        Checks.shape(KERNEL, "other bias", otherBias, channels);
        Checks.shape(KERNEL, "smooth", smooth, Shape.of(1));
        Checks.shape(KERNEL, "back bias", backBias, Shape.of(focus.dim(1)));
        if (focus.numel() == 0) {
            throw new ShapeException(KERNEL + ": weights " + focus.shape() + " have no elements");
        }
        Tensor[] all = {focus, focusBias, other, otherBias, smooth, back, backBias};
        Checks.contiguous(KERNEL, all);
        for (Tensor tensor : all) {
            if (tensor.dtype() != focus.dtype()) {
                throw new ShapeException(KERNEL + ": weights of two types, " + focus + " and " + tensor);
            }
        }
    }

    public int channels() {
        return focus.dim(0);
    }

    public int width() {
        return focus.dim(1);
    }

    /**
     * What the forward pass reads and keeps: both streams [F, N, D]; {@code narrow} = focus(image) and {@code sum} =
     * fovea(narrow) + other(landmark), both [F, N, H] in the device's float type.
     */
    public record Streams(Tensor image, Tensor landmark, Tensor narrow, Tensor sum) {
        public Streams {
            Checks.rank(KERNEL, "image", image, 3);
            Checks.sameShape(KERNEL, image, landmark);
            Checks.sameShape(KERNEL, narrow, sum);
            Checks.floating(KERNEL, image, landmark, narrow, sum);
            Checks.contiguous(KERNEL, image, landmark, narrow, sum);
        }

        /** Throws unless the weights fit. */
        public void check(FoveaPrompter weights, Tensor... wide) {
            Shape slim = image.shape().with(2, weights.channels());
            Checks.shape(KERNEL, "image", image, image.shape().with(2, weights.width()));
            Checks.shape(KERNEL, "narrow", narrow, slim);
            Checks.sameShape(KERNEL, image, wide);
            Checks.contiguous(KERNEL, wide);
            Checks.floating(KERNEL, wide);
        }
    }

    /** What the backward pass writes, in the device's float type; null for what is not wanted, weights all or none. */
    public record Gradients(
            @Nullable Tensor image,
            @Nullable Tensor landmark,
            @Nullable FoveaPrompter weights) {}
}
