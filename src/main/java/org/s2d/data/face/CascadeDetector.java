package org.s2d.data.face;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.Rect;
import org.bytedeco.opencv.opencv_core.RectVector;
import org.bytedeco.opencv.opencv_core.Size;
import org.bytedeco.opencv.opencv_objdetect.CascadeClassifier;
import org.s2d.data.image.Image;
import org.s2d.data.image.Resample;
import org.s2d.tensor.UserException;

/**
 * OpenCV's cascade of Haar features for frontal faces (Viola and Jones, 2001), which the library ships. It needs no model file; faces turned
 * more than about 30 degrees away it does not see.
 */
public final class CascadeDetector implements FaceDetector {
    private static final String CASCADE =
            "/org/bytedeco/opencv/linux-x86_64/share/opencv4/haarcascades/haarcascade_frontalface_alt2.xml";
    /** Pictures are searched at this size; smaller faces than a tenth of it hold no readable expression anyway. */
    private static final int LONG_SIDE = 480;

    private static final int SMALLEST = 32;
    private static final double SCALE_STEP = 1.1;
    private static final int NEIGHBOURS = 4;

    private final CascadeClassifier cascade;

    /** Throws {@link UserException} when the native library cannot be loaded on this machine. */
    public CascadeDetector() {
        try {
            opencv_core.setNumThreads(1);
            cascade = new CascadeClassifier(Loader.cacheResource(CASCADE).getPath());
        } catch (IOException | UnsatisfiedLinkError e) {
            throw new UserException("face detection: OpenCV cannot be loaded (" + e.getMessage() + ").", e);
        }
        if (cascade.empty()) {
            throw new UserException("face detection: OpenCV cannot read its cascade from the user's cache folder.");
        }
    }

    @Override
    public List<FaceBox> detect(Image picture) {
        double scale = Math.min(1, (double) LONG_SIDE / Math.max(picture.width(), picture.height()));
        int width = Math.max(1, (int) Math.round(picture.width() * scale));
        int height = Math.max(1, (int) Math.round(picture.height() * scale));
        Image small = scale == 1 ? picture : Resample.resize(picture, width, height, Resample.Filter.BILINEAR);
        try (BytePointer pixels = new BytePointer(luma(small));
                Mat grey = new Mat(height, width, CV_8UC1, pixels);
                RectVector found = new RectVector();
                Size smallest = new Size(SMALLEST, SMALLEST);
                Size largest = new Size()) {
            cascade.detectMultiScale(grey, found, SCALE_STEP, NEIGHBOURS, 0, smallest, largest);
            List<FaceBox> boxes = new ArrayList<>();
            for (Rect box : found.get()) {
                boxes.add(new FaceBox(box.x() / scale, box.y() / scale, box.width() / scale, box.height() / scale, 1));
            }
            boxes.sort(Comparator.comparingDouble((FaceBox box) -> -box.width())
                    .thenComparingDouble(FaceBox::x)
                    .thenComparingDouble(FaceBox::y));
            return boxes;
        }
    }

    private static byte[] luma(Image picture) {
        Image grey = picture.grey();
        byte[] values = new byte[grey.width() * grey.height()];
        for (int i = 0; i < values.length; i++) {
            values[i] = grey.rgb()[3 * i];
        }
        return values;
    }

    @Override
    public void close() {
        cascade.close();
    }
}
