package org.s2d.data.face;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.data.image.Image;
import org.s2d.data.video.VideoFrame;

/**
 * Says what to cut out of each frame for the faces that {@link FaceFollower} follows: upright by their landmarks, and steady. Landmarks are
 * found where faces were looked for; between, they are on their way like the faces.
 */
public final class FacePlacer {
    /** Weight of the newly found place: landmarks tremble. */
    private static final double FRESHNESS = 0.6;
    /** A place is of no use for a look so many seconds later. */
    private static final double MEMORY = 0.4;

    private final @Nullable LandmarkFinder landmarks;
    private final double margin;
    /** Where each face was at the last look. */
    private final Map<Integer, Placed> before = new HashMap<>();

    /**
     * A face in a frame.
     *
     * @param track number of the person
     * @param box as detected
     * @param place what to cut out
     * @param landmarks in pixels of the frame; empty without a network
     */
    @SuppressWarnings("ArrayRecordComponent") // handed on, not compared
    public record Placed(VideoFrame frame, int track, FaceBox box, Alignment place, double[] landmarks) {
        /** The same face in a frame between this one and another. */
        private Placed towards(Placed other, VideoFrame between, FaceBox at) {
            double span = other.frame.seconds() - frame.seconds();
            double weight = span > 0 ? (between.seconds() - frame.seconds()) / span : 1;
            double[] points = landmarks.clone();
            for (int i = 0; i < points.length; i++) {
                points[i] += (other.landmarks[i] - points[i]) * weight;
            }
            return new Placed(between, track, at, place.towards(other.place, weight), points);
        }
    }

    /**
     * For one video.
     *
     * @param landmarks null: faces are not turned
     * @param margin room at each edge as a fraction of the face
     */
    public FacePlacer(@Nullable LandmarkFinder landmarks, double margin) {
        this.landmarks = landmarks;
        this.margin = margin;
    }

    /** All faces of what the follower gave at once, in the same order. */
    public List<Placed> place(List<FaceFollower.Seen> seen) {
        List<Placed> placed = new ArrayList<>();
        List<FaceFollower.Seen> waiting = new ArrayList<>();
        for (FaceFollower.Seen frame : seen) {
            if (frame.looked()) {
                Map<Integer, Placed> now = look(frame);
                waiting.forEach(between -> placed.addAll(between(between, now)));
                waiting.clear();
                placed.addAll(now.values());
                before.putAll(now);
            } else {
                waiting.add(frame);
            }
        }
        return placed;
    }

    private List<Placed> between(FaceFollower.Seen frame, Map<Integer, Placed> now) {
        List<Placed> placed = new ArrayList<>();
        for (FaceTracker.Tracked face : frame.faces()) {
            Placed last = before.get(face.track());
            Placed next = now.get(face.track());
            if (last != null && next != null) {
                placed.add(last.towards(next, frame.frame(), face.box()));
            }
        }
        return placed;
    }

    /** By track, in the order of the faces. */
    private Map<Integer, Placed> look(FaceFollower.Seen seen) {
        Image picture = seen.frame().image();
        List<double[]> points = landmarks == null
                ? List.of()
                : landmarks.find(seen.faces().stream()
                        .map(face -> new LandmarkFinder.View(picture, face.box()))
                        .toList());
        Map<Integer, Placed> now = new LinkedHashMap<>();
        for (FaceTracker.Tracked face : seen.faces()) {
            double[] own = landmarks == null ? new double[0] : points.get(now.size());
            Alignment place = steady(before.get(face.track()), seen.frame(), place(face.box(), own));
            now.put(face.track(), new Placed(seen.frame(), face.track(), face.box(), place, own));
        }
        return now;
    }

    private static Alignment steady(@Nullable Placed last, VideoFrame frame, Alignment found) {
        return last == null || frame.seconds() - last.frame.seconds() > MEMORY
                ? found
                : last.place.towards(found, FRESHNESS);
    }

    /** By the landmarks, unless they are nowhere near the face that was found, as on some profiles. */
    private Alignment place(FaceBox face, double[] points) {
        Alignment upright = Alignment.upright(face.square(margin));
        Alignment aligned = points.length == 0 ? upright : Alignment.of(points, margin);
        return aligned.isNear(upright) ? aligned : upright;
    }
}
