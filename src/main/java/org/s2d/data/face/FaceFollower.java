package org.s2d.data.face;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.s2d.data.face.FaceTracker.Tracked;
import org.s2d.data.image.Image;
import org.s2d.data.video.VideoFrame;

/**
 * Follows faces through a video, but looks for them in some of its frames only: from one look to the next a face goes the straight way. Frames
 * wait for that next look, {@value #MOST_WAITING} at most. Not for several threads.
 */
public final class FaceFollower {
    /** Seconds from one look to the next, in which heads move almost evenly. */
    private static final double LOOK_EVERY = 0.2;

    private static final int MOST_WAITING = 8;
    /** Times of frames are rounded to ticks of their file. */
    private static final double TICK = 0.005;

    private final Function<Image, List<FaceBox>> finder;
    private final FaceTracker tracker = new FaceTracker();
    private final SceneCuts cuts = new SceneCuts();
    private final List<VideoFrame> waiting = new ArrayList<>();
    private List<Tracked> before = List.of();
    private double looked = Double.NEGATIVE_INFINITY;

    /**
     * A frame with the faces in it.
     *
     * @param looked whether faces were looked for in this frame
     * @param faces in the order of their numbers
     */
    public record Seen(VideoFrame frame, boolean looked, List<Tracked> faces) {}

    /** @param finder the faces of a picture, as {@link FaceDetector#detect} */
    public FaceFollower(Function<Image, List<FaceBox>> finder) {
        this.finder = finder;
    }

    /** Takes the next frame, and gives those that are clear now, in the order of time: none, or all that have waited and this one. */
    public List<Seen> next(VideoFrame frame) {
        List<Seen> clear = new ArrayList<>();
        boolean cut = cuts.next(frame.image());
        if (cut) {
            clear.addAll(end());
            tracker.cut();
        }
        if (cut || frame.seconds() - looked > LOOK_EVERY - TICK || waiting.size() == MOST_WAITING) {
            clear.addAll(look(frame));
        } else {
            waiting.add(frame);
        }
        return clear;
    }

    /** The frames that still wait: nothing comes after them, or another scene. */
    public List<Seen> end() {
        return waiting.isEmpty() ? List.of() : look(waiting.removeLast());
    }

    private List<Seen> look(VideoFrame frame) {
        List<Tracked> now = tracker.next(frame.seconds(), finder.apply(frame.image()));
        List<Seen> clear = new ArrayList<>();
        double span = frame.seconds() - looked;
        for (VideoFrame between : waiting) {
            clear.add(new Seen(between, false, between(span > 0 ? (between.seconds() - looked) / span : 1, now)));
        }
        waiting.clear();
        clear.add(new Seen(frame, true, now));
        before = now;
        looked = frame.seconds();
        return clear;
    }

    /** Those who were seen at the last look and are at this one. */
    private List<Tracked> between(double weight, List<Tracked> now) {
        List<Tracked> faces = new ArrayList<>();
        for (Tracked first : before) {
            now.stream()
                    .filter(face -> face.track() == first.track())
                    .forEach(face ->
                            faces.add(new Tracked(face.track(), first.box().towards(face.box(), weight))));
        }
        return faces;
    }
}
