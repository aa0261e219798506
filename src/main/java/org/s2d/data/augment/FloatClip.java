package org.s2d.data.augment;

/** A clip as the model takes it: {@code [channels, frames, height, width]}, row-major. */
@SuppressWarnings("ArrayRecordComponent") // values are never copied, and never compared
public record FloatClip(int channels, int frames, int height, int width, float[] values) {
    public FloatClip {
        long expected = Math.multiplyExact(Math.multiplyExact((long) channels * frames, height), (long) width);
        if (values.length != expected) {
            throw new IllegalArgumentException("clip [" + channels + ", " + frames + ", " + height + ", " + width
                    + "] does not have " + values.length + " values");
        }
    }

    /** A clip of zeros. */
    public static FloatClip zeros(int channels, int frames, int height, int width) {
        return new FloatClip(channels, frames, height, width, new float[channels * frames * height * width]);
    }

    /** Where the rows of one channel of one frame start. */
    int plane(int channel, int frame) {
        return (channel * frames + frame) * height * width;
    }
}
