package org.s2d.data.face;

import java.util.List;
import org.s2d.data.image.Image;

/** Finds faces in a picture. For one thread at a time. */
public interface FaceDetector extends AutoCloseable {
    /** All faces, the largest first. */
    List<FaceBox> detect(Image picture);

    @Override
    void close();
}
