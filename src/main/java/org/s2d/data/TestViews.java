package org.s2d.data;

import org.s2d.data.image.Image;
import org.s2d.tensor.UserException;

/**
 * Which views of a clip the test protocol averages.
 *
 * @param segments windows in time (test_num_segment)
 * @param crops places along the longer side (test_num_crop)
 * @param cropMode what is cropped
 */
public record TestViews(int segments, int crops, CropMode cropMode) {
    /** What the frames look like before the crops are taken. */
    public enum CropMode {
        /** Squeezed into a square as in the release, where all crops are the same. */
        SQUARE,
        /** In proportion, so that crops differ. */
        ASPECT
    }

    public TestViews {
        if (segments < 1 || crops < 1) {
            throw new UserException(
                    "test views: " + segments + " segments x " + crops + " crops, expected at least 1.");
        }
    }

    /** 2 x 2 views of square frames. */
    public static TestViews release() {
        return new TestViews(2, 2, CropMode.SQUARE);
    }

    /**
     * Square {@code split} of {@code crops} along the longer side of a frame whose short side is {@code side}: the first
     * at one end, the last at the other; a single one in the middle.
     */
    public static Image crop(Image frame, int side, int crops, int split) {
        int room = Math.max(frame.width(), frame.height()) - side;
        int start = crops == 1 ? room / 2 : (int) (split * (1.0 * room / (crops - 1)));
        return frame.height() >= frame.width() ? frame.crop(0, start, side, side) : frame.crop(start, 0, side, side);
    }
}
