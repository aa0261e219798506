package org.s2d.predict;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.s2d.data.face.Alignment;
import org.s2d.data.face.FaceBox;
import org.s2d.data.face.FaceFollower;
import org.s2d.data.face.FacePlacer;
import org.s2d.data.face.FaceTracker;
import org.s2d.data.image.Image;
import org.s2d.data.video.VideoFrame;

/** Turns a stream of frames into clips of faces, and these into predictions a batch at a time, so that a long video takes no more memory. */
final class FaceClips {
    private static final int BATCH = 8;
    /** In a video of more frames, what is seen less often is hardly a face. */
    private static final int FEWEST_SIGHTINGS = 4;

    private final Recognizer recognizer;
    private final @Nullable FaceFollower follower;
    private final FacePlacer placer;
    private final Map<Integer, Person> people = new TreeMap<>();
    private final List<Clip> waiting = new ArrayList<>();
    private int frames;
    private int width;

    /** A face as the model sees it. */
    private record View(double seconds, Image picture) {}

    private record Clip(Person person, List<View> views) {}

    private static final class Person {
        final List<FileResult.Window> windows = new ArrayList<>();
        final List<FileResult.Sighting> sightings = new ArrayList<>();
        List<View> views = new ArrayList<>();
        double last;
        int clips;
    }

    /** Without a finder every frame is one face. */
    FaceClips(Recognizer recognizer, @Nullable FaceFinder finder) {
        this.recognizer = recognizer;
        follower = finder == null ? null : new FaceFollower(finder::detect);
        placer = new FacePlacer(recognizer.landmarkFinder(), FaceFinder.MARGIN);
    }

    void add(VideoFrame frame) {
        frames++;
        width = frame.image().width();
        if (follower == null) {
            FaceBox whole = new FaceBox(0, 0, width, frame.image().height(), 1);
            see(List.of(new FaceFollower.Seen(frame, true, List.of(new FaceTracker.Tracked(0, whole)))));
        } else {
            see(follower.next(frame));
        }
        // Whoever is gone will not come back under the same number: their last frames need not wait.
        people.values().stream()
                .filter(person -> frame.seconds() - person.last > 2 * FaceTracker.PATIENCE)
                .forEach(this::finish);
    }

    private void see(List<FaceFollower.Seen> seen) {
        for (FacePlacer.Placed face : placer.place(seen)) {
            Person person = people.computeIfAbsent(face.track(), number -> new Person());
            person.last = face.frame().seconds();
            Image frame = face.frame().image();
            Alignment place = follower == null ? Alignment.upright(face.box()) : face.place();
            // Pictures that are faces already are seen as in an evaluation: not cut once more, which would blur them.
            person.views.add(new View(person.last, follower == null ? frame : place.cut(frame, recognizer.size())));
            person.sightings.add(
                    new FileResult.Sighting(person.last, place.square(), Prediction.points(face.landmarks())));
            if (person.views.size() == recognizer.framesPerClip()) {
                clip(person);
            }
        }
    }

    /** The frames since the last clip make one of their own when they are enough to say something, or all that there is. */
    private void finish(Person person) {
        boolean enough = 2 * person.views.size() > recognizer.framesPerClip();
        if (enough || (person.clips == 0 && !person.views.isEmpty())) {
            clip(person);
        }
        person.views = new ArrayList<>();
    }

    private void clip(Person person) {
        waiting.add(new Clip(person, person.views));
        person.views = new ArrayList<>();
        person.clips++;
        if (waiting.size() == BATCH) {
            predict();
        }
    }

    private void predict() {
        List<Prediction> predictions = recognizer.predictAll(waiting.stream()
                .map(clip -> clip.views.stream().map(View::picture).toList())
                .toList());
        for (int i = 0; i < predictions.size(); i++) {
            Clip clip = waiting.get(i);
            double start = clip.views.getFirst().seconds();
            double end = clip.views.getLast().seconds();
            clip.person.windows.add(new FileResult.Window(start, end, predictions.get(i)));
        }
        waiting.clear();
    }

    /** Everything that was seen; no frames can be added afterwards. */
    FileResult end(String file, double seconds) {
        if (follower != null) {
            see(follower.end());
        }
        people.values().forEach(this::finish);
        predict();
        List<FileResult.Face> faces = new ArrayList<>();
        for (Person person : people.values()) {
            if (person.sightings.size() < Math.min(FEWEST_SIGHTINGS, frames)) {
                continue;
            }
            faces.add(new FileResult.Face(faces.size(), person.windows, person.sightings));
        }
        return new FileResult(file, seconds, frames, width, faces);
    }
}
