package org.s2d.data.face;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.data.video.VideoFrame;

/** Says what to cut out of each frame for the faces that {@link FaceFollower} follows: upright by their landmarks, and steady. */
public final class FacePlacer {
    /** Weight of the newly found place: landmarks tremble. */
    private static final double FRESHNESS = 0.6;
    /** A place is of no use for a frame so many seconds later. */
    private static final double MEMORY = 0.3;

    private final @Nullable LandmarkFinder landmarks;
    private final double margin;
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
    public record Placed(VideoFrame frame, int track, FaceBox box, Alignment place, double[] landmarks) {}

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

    /** All faces of these frames, in the same order. */
    public List<Placed> place(List<FaceFollower.Seen> seen) {
        List<LandmarkFinder.View> views = new ArrayList<>();
        seen.forEach(frame -> frame.faces()
                .forEach(face -> views.add(new LandmarkFinder.View(frame.frame().image(), face.box()))));
        List<double[]> points = landmarks == null ? List.of() : landmarks.find(views);
        List<Placed> placed = new ArrayList<>();
        for (FaceFollower.Seen frame : seen) {
            for (FaceTracker.Tracked face : frame.faces()) {
                double[] own = landmarks == null ? new double[0] : points.get(placed.size());
                placed.add(steady(new Placed(frame.frame(), face.track(), face.box(), place(face.box(), own), own)));
            }
        }
        return placed;
    }

    /** By the landmarks, unless they are nowhere near the face that was found, as on some profiles. */
    private Alignment place(FaceBox face, double[] points) {
        Alignment upright = Alignment.upright(face.square(margin));
        Alignment aligned = points.length == 0 ? upright : Alignment.of(points, margin);
        return aligned.isNear(upright) ? aligned : upright;
    }

    private Placed steady(Placed found) {
        Placed last = before.get(found.track);
        Placed steady = last == null || found.frame.seconds() - last.frame.seconds() > MEMORY
                ? found
                : new Placed(
                        found.frame,
                        found.track,
                        found.box,
                        last.place.towards(found.place, FRESHNESS),
                        found.landmarks);
        before.put(found.track, steady);
        return steady;
    }
}
