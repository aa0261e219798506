package org.s2d.device;

import org.s2d.device.Convolutions.Interpolation;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;

/**
 * Where the outputs of a resize read along one axis, and with which weights: output {@code i} of {@code size} is the sum over
 * {@code t < taps} of {@code weights[t * size + i] * in[positions[t * size + i]]}. Same for all devices, so that they agree.
 * Source: PyTorch's upsample_bilinear2d and upsample_bicubic2d, scale from the sizes.
 */
public final class ResizeAxis {
    private static final double A = -0.75;

    private final int size;
    private final int taps;
    private final int[] positions;
    private final double[] weights;

    private ResizeAxis(int size, int taps) {
        this.size = size;
        this.taps = taps;
        positions = new int[size * taps];
        weights = new double[size * taps];
    }

    /** Number of outputs. */
    public int size() {
        return size;
    }

    /** Inputs that each output reads: 2 (bilinear) or 4 (bicubic). */
    public int taps() {
        return taps;
    }

    /** Not to be written to. */
    public int[] positions() {
        return positions;
    }

    /** Not to be written to. */
    public double[] weights() {
        return weights;
    }

    /** The two checked axes (height, width) of a resize from {@code in} to {@code out}, both [B, C, H, W]. */
    public static ResizeAxis[] of(Shape out, Shape in, Interpolation mode, boolean alignCorners) {
        check(out, in);
        return new ResizeAxis[] {
            of(out.dim(2), in.dim(2), mode, alignCorners), of(out.dim(3), in.dim(3), mode, alignCorners)
        };
    }

    /** Throws unless an image of shape {@code in} can be resized to {@code out}. */
    public static void check(Shape out, Shape in) {
        boolean fits = in.rank() == 4 && out.rank() == 4 && in.dim(0) == out.dim(0) && in.dim(1) == out.dim(1);
        if (!fits || in.dim(2) < 1 || in.dim(3) < 1) {
            throw new ShapeException("resize: " + in + " to " + out + ", expected [B, C, H, W] with equal B and C");
        }
    }

    private static ResizeAxis of(int out, int in, Interpolation mode, boolean alignCorners) {
        int taps = mode == Interpolation.BILINEAR ? 2 : 4;
        ResizeAxis axis = new ResizeAxis(out, taps);
        for (int i = 0; i < out; i++) {
            double position = alignCorners
                    ? (out > 1 ? i * ((double) (in - 1) / (out - 1)) : 0)
                    : (i + 0.5) * ((double) in / out) - 0.5;
            if (mode == Interpolation.BILINEAR) {
                axis.bilinear(i, Math.max(0, position), in);
            } else {
                axis.bicubic(i, position, in);
            }
        }
        return axis;
    }

    private void bilinear(int i, double position, int in) {
        int left = Math.min((int) position, in - 1);
        double fraction = position - left;
        positions[i] = left;
        positions[size + i] = Math.min(left + 1, in - 1);
        weights[i] = 1 - fraction;
        weights[size + i] = fraction;
    }

    private void bicubic(int i, double position, int in) {
        int left = (int) Math.floor(position);
        double fraction = position - left;
        for (int tap = 0; tap < 4; tap++) {
            positions[tap * size + i] = Math.clamp(left - 1L + tap, 0, in - 1);
            weights[tap * size + i] = cubic(Math.abs(fraction + 1 - tap));
        }
    }

    /** Keys' cubic convolution kernel. */
    private static double cubic(double x) {
        return x <= 1 ? ((A + 2) * x - (A + 3)) * x * x + 1 : ((A * x - 5 * A) * x + 8 * A) * x - 4 * A;
    }
}
