package org.s2d.device;

/** Mean and standard deviation of ImageNet's colours in 0 to 1, by which all models of this kind see pixels; channel 0 is red. */
public final class ImageNet {
    private static final float[] MEAN = {0.485f, 0.456f, 0.406f};
    private static final float[] DEVIATION = {0.229f, 0.224f, 0.225f};

    private ImageNet() {}

    public static float mean(int channel) {
        return MEAN[channel];
    }

    public static float deviation(int channel) {
        return DEVIATION[channel];
    }

    /** A colour value in 0 to 1 less the mean, over the standard deviation. */
    public static float normalise(float value, int channel) {
        return (value - MEAN[channel]) / DEVIATION[channel];
    }
}
