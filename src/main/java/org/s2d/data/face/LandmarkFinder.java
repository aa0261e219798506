package org.s2d.data.face;

import java.util.List;
import org.s2d.data.image.Image;

/** Finds the 68 landmarks of faces, numbered as in the iBUG 300-W data. For one thread at a time. */
@FunctionalInterface
public interface LandmarkFinder {
    /** A picture and a face in it, in a box as a {@link FaceDetector} gives it. */
    record View(Image picture, FaceBox face) {}

    /** For every face x0, y0, x1, ... in pixels of its picture. */
    List<double[]> find(List<View> views);
}
