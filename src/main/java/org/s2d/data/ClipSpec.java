package org.s2d.data;

import org.s2d.tensor.UserException;

/**
 * The form of a clip as the model takes it.
 *
 * @param frames frames per clip; 1 for an image model
 * @param rate frame step: a clip spans {@code frames * rate} frames of the video
 * @param size side of the model's square input in pixels
 * @param shortSide side to which training and validation frames are resized before the crop of {@code size}; at least
 *     as large
 * @param grey whether colours are taken away
 * @param releaseCompatible whether validation windows of long clips are random as in the release
 */
public record ClipSpec(int frames, int rate, int size, int shortSide, boolean grey, boolean releaseCompatible) {
    public ClipSpec {
        if (frames < 1 || rate < 1 || size < 1 || shortSide < size) {
            throw new UserException("clip of " + frames + " frames at rate " + rate + ", size " + size + ", short side "
                    + shortSide + ": all must be positive and the short side at least the size.");
        }
    }

    /** Rate 1, frames resized straight to the input size, in colour. */
    public static ClipSpec of(int frames, int size) {
        return new ClipSpec(frames, 1, size, size, false, false);
    }

    public ClipSpec withGrey(boolean take) {
        return new ClipSpec(frames, rate, size, shortSide, take, releaseCompatible);
    }
}
