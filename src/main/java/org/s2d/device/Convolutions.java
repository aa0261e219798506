package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Image layers in NCHW: what the landmark networks are made of. */
public interface Convolutions {
    record Conv2dOptions(int strideH, int strideW, int paddingH, int paddingW, int groups) {
        public Conv2dOptions {
            if (strideH < 1 || strideW < 1 || paddingH < 0 || paddingW < 0 || groups < 1) {
                throw new ShapeException("conv2d: stride " + strideH + "x" + strideW + ", padding " + paddingH + "x"
                        + paddingW + ", groups " + groups + " make no sense");
            }
        }

        public static Conv2dOptions of(int stride, int padding, int groups) {
            return new Conv2dOptions(stride, stride, padding, padding, groups);
        }
    }

    /**
     * What happens to a convolution's result before it is stored:
     * {@code out = min(r >= 0 ? r : slope[o] * r, ceiling) + residual} with {@code r = conv + bias}. A slope of zeros is a ReLU, with a
     * ceiling of 6 a ReLU6. {@code slope} [O]; {@code residual} has the shape of the output.
     */
    record Conv2dEpilogue(
            @Nullable Tensor slope,
            double ceiling,
            @Nullable Tensor residual) {
        public static final Conv2dEpilogue NONE = new Conv2dEpilogue(null, Double.POSITIVE_INFINITY, null);
    }

    /**
     * {@code in} [B, C, H, W], {@code weight} [O, C/groups, kh, kw], {@code bias} [O] or null, {@code out} [B, O, H', W'] with
     * {@code H' = (H + 2 padding - kh) / stride + 1}.
     */
    void conv2d(
            Tensor out,
            Tensor in,
            Tensor weight,
            @Nullable Tensor bias,
            Conv2dOptions options,
            Conv2dEpilogue epilogue);

    default void conv2d(Tensor out, Tensor in, Tensor weight, @Nullable Tensor bias, Conv2dOptions options) {
        conv2d(out, in, weight, bias, options, Conv2dEpilogue.NONE);
    }

    void conv2dBackwardInput(Tensor gradIn, Tensor gradOut, Tensor weight, Conv2dOptions options);

    /** {@code gradWeight} and {@code gradBias} (may be null) are written. */
    void conv2dBackwardWeight(
            Tensor gradWeight, @Nullable Tensor gradBias, Tensor gradOut, Tensor in, Conv2dOptions options);

    /** Mean and biased variance of each channel over [B, *]: {@code mean}, {@code variance} [C] of {@code in} [B, C, *]. */
    void channelStatistics(Tensor mean, Tensor variance, Tensor in);

    /** {@code out = (in - mean) / sqrt(variance + eps) * weight + bias} per channel of [B, C, *]. */
    void batchNorm(Tensor out, Tensor in, Tensor mean, Tensor variance, Tensor weight, Tensor bias, double eps);

    /** Gradients of {@link #batchNorm}; {@code batchStatistics}: mean and variance were computed from {@code in}, so they carry gradient. */
    void batchNormBackward(
            Tensor gradIn,
            Tensor gradWeight,
            Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor variance,
            Tensor weight,
            double eps,
            boolean batchStatistics);

    /** {@code out = in >= 0 ? in : slope[c] * in} per channel of [B, C, *]. */
    void prelu(Tensor out, Tensor in, Tensor slope);

    /** Gradients of {@link #prelu}; the derivative at 0 is the slope, as in PyTorch. */
    void preluBackward(Tensor gradIn, Tensor gradSlope, Tensor gradOut, Tensor in, Tensor slope);

    enum Interpolation {
        BILINEAR,
        BICUBIC
    }

    /** Resizes [B, C, H, W] as PyTorch's {@code interpolate} without antialiasing (bicubic a = -0.75). */
    void resize(Tensor out, Tensor in, Interpolation mode, boolean alignCorners);

    void resizeBackward(Tensor gradIn, Tensor gradOut, Interpolation mode, boolean alignCorners);
}
