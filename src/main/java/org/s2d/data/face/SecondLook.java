package org.s2d.data.face;

import java.util.Arrays;
import java.util.List;
import org.s2d.data.image.Image;

/**
 * Looks again where a detector finds nothing, with a grey edge around the picture: detectors need something around a face, and see none
 * that fills its picture.
 */
public final class SecondLook implements FaceDetector {
    /** Width of the edge, as a fraction of the picture's long side. */
    private static final double EDGE = 0.3;

    private static final byte GREY = 127;

    private final FaceDetector detector;

    /** Closes the detector when it is closed. */
    public SecondLook(FaceDetector detector) {
        this.detector = detector;
    }

    @Override
    public List<FaceBox> detect(Image picture) {
        List<FaceBox> found = detector.detect(picture);
        if (!found.isEmpty()) {
            return found;
        }
        int edge = (int) Math.round(EDGE * Math.max(picture.width(), picture.height()));
        return detector.detect(withEdge(picture, edge)).stream()
                .map(box -> new FaceBox(box.x() - edge, box.y() - edge, box.width(), box.height(), box.score()))
                .toList();
    }

    private static Image withEdge(Image picture, int edge) {
        Image wider = Image.blank(picture.width() + 2 * edge, picture.height() + 2 * edge);
        Arrays.fill(wider.rgb(), GREY);
        for (int y = 0; y < picture.height(); y++) {
            int target = 3 * ((y + edge) * wider.width() + edge);
            System.arraycopy(picture.rgb(), 3 * y * picture.width(), wider.rgb(), target, 3 * picture.width());
        }
        return wider;
    }

    @Override
    public void close() {
        detector.close();
    }
}
