package org.s2d.predict;

import java.util.List;
import org.s2d.data.face.CascadeDetector;
import org.s2d.data.face.FaceBox;
import org.s2d.data.face.FaceDetector;
import org.s2d.data.face.SecondLook;
import org.s2d.data.image.Image;

/** Cuts faces out of pictures as models want them: square, with some room around. For one thread at a time. */
public final class FaceFinder implements AutoCloseable {
    /** Room at each edge, as a fraction of the detector's box: hair line and chin are inside. */
    public static final double MARGIN = 0.15;

    private final FaceDetector detector;

    /** With OpenCV's cascades, which need no model file. */
    public FaceFinder() {
        this(new SecondLook(new CascadeDetector()));
    }

    public FaceFinder(FaceDetector detector) {
        this.detector = detector;
    }

    /** Squares around all faces, the largest first; they may leave the picture. */
    public List<FaceBox> find(Image picture) {
        return detector.detect(picture).stream().map(box -> box.square(MARGIN)).toList();
    }

    /** Faces as the detector sees them, without room around, the largest first. */
    List<FaceBox> detect(Image picture) {
        return detector.detect(picture);
    }

    @Override
    public void close() {
        detector.close();
    }
}
