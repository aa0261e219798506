package org.s2d.data;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.s2d.data.augment.TrainDecisions;
import org.s2d.data.image.Image;

/**
 * A clip as frames of equal size, and what is still to be done with them on the way to the model.
 *
 * @param decisions their operations are done
 */
public record FrameClip(List<Image> frames, TrainDecisions decisions) {
    public FrameClip {
        frames = List.copyOf(frames);
        Image first = frames.getFirst();
        for (Image frame : frames) {
            if (frame.width() != first.width() || frame.height() != first.height()) {
                throw new IllegalArgumentException("a frame has " + frame.width() + " x " + frame.height()
                        + " pixels, the first has " + first.width() + " x " + first.height());
            }
        }
    }

    /** Nothing is left to be done but what every clip needs. */
    public static FrameClip of(List<Image> frames) {
        return new FrameClip(frames, TrainDecisions.NONE);
    }

    /** Writes the frames one after the other, [T, H, W, 3]. */
    public void copyTo(MemorySegment out) {
        long at = 0;
        for (Image frame : frames) {
            MemorySegment.copy(frame.rgb(), 0, out, ValueLayout.JAVA_BYTE, at, frame.rgb().length);
            at += frame.rgb().length;
        }
    }
}
