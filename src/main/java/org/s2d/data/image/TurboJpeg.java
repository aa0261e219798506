package org.s2d.data.image;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_COLOR_RGB;
import static org.bytedeco.opencv.global.opencv_imgcodecs.IMREAD_IGNORE_ORIENTATION;

import java.util.Optional;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_imgcodecs;
import org.bytedeco.opencv.opencv_core.Mat;

/**
 * JPEG through the libjpeg-turbo inside OpenCV: the samples of {@link ImageFile#decode} in a third of the time. It takes whole files of the
 * common kinds only, since it would not tell what is wrong with others.
 */
final class TurboJpeg {
    private static final int START_OF_SCAN = 0xda;
    private static final int ADOBE = 0xee;
    private static final int LENGTH_BYTES = 2;

    /** Loaded at first use; false where OpenCV is left out, as in the lean archive, or does not run. */
    private static final class Library {
        static final boolean LOADED = load();

        private static boolean load() {
            try {
                opencv_core.setNumThreads(1); // the loader's workers are the threads
                return true;
            } catch (LinkageError e) {
                return false;
            }
        }
    }

    private TurboJpeg() {}

    /** The picture, or nothing when {@link ImageFile#decode} has to look at it. */
    static Optional<Image> decode(byte[] bytes) {
        if (!isPlain(bytes) || !Library.LOADED) {
            return Optional.empty();
        }
        try (BytePointer data = new BytePointer(bytes);
                Mat file = new Mat(1, bytes.length, CV_8UC1, data);
                Mat picture = opencv_imgcodecs.imdecode(file, IMREAD_COLOR_RGB | IMREAD_IGNORE_ORIENTATION)) {
            if (picture.empty()) {
                return Optional.empty();
            }
            Image image = Image.blank(picture.cols(), picture.rows());
            picture.data().get(image.rgb());
            return Optional.of(image);
        }
    }

    /** Whether this is a JPEG with 8 bits, one or three components that mean grey or YCbCr, a sane size, and its end. */
    private static boolean isPlain(byte[] bytes) {
        int end = bytes.length - 2;
        if (end < 4 || word(bytes, 0) != 0xffd8 || word(bytes, end) != 0xffd9) {
            return false;
        }
        int at = 2;
        while (at + 10 < end && (bytes[at] & 0xff) == 0xff) {
            int marker = bytes[at + 1] & 0xff;
            if (marker >= 0xc0 && marker <= 0xc2) { // baseline, extended, progressive
                int components = bytes[at + 9] & 0xff;
                long pixels = (long) word(bytes, at + 5) * word(bytes, at + 7);
                return (bytes[at + 4] & 0xff) == 8
                        && (components == 1 || components == 3)
                        && pixels > 0
                        && pixels <= ImageFile.MAX_PIXELS;
            }
            if (marker == START_OF_SCAN || marker == ADOBE) {
                return false;
            }
            at += 2 + Math.max(LENGTH_BYTES, word(bytes, at + 2));
        }
        return false;
    }

    private static int word(byte[] bytes, int at) {
        return (bytes[at] & 0xff) << 8 | (bytes[at + 1] & 0xff);
    }
}
