package org.s2d.data.face;

import static org.bytedeco.opencv.global.opencv_core.CV_8UC1;

import java.io.IOException;
import java.util.ArrayList;
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
 * OpenCV's cascades of Haar features for faces (Viola and Jones, 2001), which the library ships, so that no model file is needed: the one for
 * frontal faces, and where that finds nothing the one for profiles, on the picture and its mirror image.
 */
public final class CascadeDetector implements FaceDetector {
    private static final String FOLDER = "/org/bytedeco/opencv/linux-x86_64/share/opencv4/haarcascades/";
    /** Pictures are searched at this size; smaller faces than a tenth of it hold no readable expression anyway. */
    private static final int LONG_SIDE = 480;

    private static final int SMALLEST = 32;
    private static final double SCALE_STEP = 1.1;
    private static final int NEIGHBOURS = 4;
    /** Its boxes end at brows and lips; networks', which landmarks and margins are made for, at forehead and chin: medians of 120 pictures. */
    private static final double WIDER = 1.14;

    private static final double LOWER = 0.03;

    private final CascadeClassifier frontal;
    private final CascadeClassifier profile;

    /** Throws {@link UserException} when the native library cannot be loaded on this machine. */
    public CascadeDetector() {
        frontal = load("haarcascade_frontalface_alt2.xml");
        profile = load("haarcascade_profileface.xml");
    }

    private static CascadeClassifier load(String name) {
        try {
            opencv_core.setNumThreads(1);
            CascadeClassifier cascade =
                    new CascadeClassifier(Loader.cacheResource(FOLDER + name).getPath());
            if (cascade.empty()) {
                throw new UserException("face detection: OpenCV cannot read its cascade from the user's cache folder.");
            }
            return cascade;
        } catch (IOException | UnsatisfiedLinkError e) {
            throw new UserException("face detection: OpenCV cannot be loaded (" + e.getMessage() + ").", e);
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
                Mat mirrored = new Mat()) {
            List<FaceBox> boxes = new ArrayList<>(search(frontal, grey));
            if (boxes.isEmpty()) {
                boxes.addAll(search(profile, grey));
                opencv_core.flip(grey, mirrored, 1);
                for (FaceBox box : search(profile, mirrored)) {
                    double left = width - box.x() - box.width();
                    boxes.add(new FaceBox(left, box.y(), box.width(), box.height(), box.score()));
                }
            }
            return FaceBox.distinct(
                    boxes.stream().map(box -> asNetworksDo(box, 1 / scale)).toList());
        }
    }

    private static FaceBox asNetworksDo(FaceBox box, double scale) {
        double side = box.width() * WIDER;
        double x = box.x() + (box.width() - side) / 2;
        double y = box.y() + (box.height() - side) / 2 + LOWER * box.height();
        return new FaceBox(x * scale, y * scale, side * scale, side * scale, 1);
    }

    private static List<FaceBox> search(CascadeClassifier cascade, Mat grey) {
        try (RectVector found = new RectVector();
                Size smallest = new Size(SMALLEST, SMALLEST);
                Size largest = new Size()) {
            cascade.detectMultiScale(grey, found, SCALE_STEP, NEIGHBOURS, 0, smallest, largest);
            List<FaceBox> boxes = new ArrayList<>();
            for (Rect box : found.get()) {
                boxes.add(new FaceBox(box.x(), box.y(), box.width(), box.height(), 1));
            }
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
        frontal.close();
        profile.close();
    }
}
