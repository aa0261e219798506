package org.s2d.data.face;

import org.s2d.data.image.Image;

/** Finds the 68 landmarks of a face, numbered as in the iBUG 300-W data. For one thread at a time. */
public interface LandmarkFinder extends AutoCloseable {
    /** x0, y0, x1, ... in pixels of the picture, of the face in a box as a {@link FaceDetector} gives it. */
    double[] find(Image picture, FaceBox face);

    @Override
    void close();
}
