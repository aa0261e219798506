package org.s2d.data.video;

/**
 * How much of a video is delivered.
 *
 * @param framesPerSecond at most this many; 0: all that there are
 * @param longSide larger frames are scaled down to this many pixels
 */
public record VideoOptions(double framesPerSecond, int longSide) {
    /** Frames of full HD still pass as they are. */
    private static final int LONG_SIDE = 1920;

    public VideoOptions {
        if (!(framesPerSecond >= 0) || longSide < 16) {
            throw new IllegalArgumentException(framesPerSecond + " frames per second, long side " + longSide);
        }
    }

    /** Every frame, up to full HD. */
    public static VideoOptions all() {
        return new VideoOptions(0, LONG_SIDE);
    }

    public VideoOptions withFramesPerSecond(double rate) {
        return new VideoOptions(rate, longSide);
    }
}
