package org.s2d.predict;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.s2d.data.face.FaceBox;
import org.s2d.data.face.FaceTracker;
import org.s2d.data.face.SceneCuts;
import org.s2d.data.image.Image;

/** Turns a stream of frames into clips of faces, and these into predictions a batch at a time, so that a long video takes no more memory. */
final class FaceClips {
    private static final int BATCH = 8;
    /** In a video of more frames, what is seen less often is hardly a face. */
    private static final int FEWEST_SIGHTINGS = 4;

    private final Recognizer recognizer;
    private final @Nullable FaceFinder finder;
    private final FaceTracker tracker = new FaceTracker();
    private final SceneCuts cuts = new SceneCuts();
    private final Map<Integer, Person> people = new TreeMap<>();
    private final List<Clip> waiting = new ArrayList<>();
    private int frames;
    private int width;

    /** A frame of a face: the person's {@code sighting}-th. */
    private record View(int sighting, Image picture) {}

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
        this.finder = finder;
    }

    void add(double seconds, Image frame) {
        frames++;
        width = frame.width();
        if (finder == null) {
            FaceBox whole = new FaceBox(0, 0, frame.width(), frame.height(), 1);
            see(people.computeIfAbsent(0, number -> new Person()), seconds, whole, frame);
            return;
        }
        if (cuts.next(frame)) {
            tracker.cut();
        }
        for (FaceTracker.Tracked face : tracker.next(seconds, finder.find(frame))) {
            see(people.computeIfAbsent(face.track(), number -> new Person()), seconds, face.box(), frame);
        }
        // Whoever is gone will not come back under the same number: their last frames need not wait.
        people.values().stream()
                .filter(person -> seconds - person.last > 2 * FaceTracker.PATIENCE)
                .forEach(this::finish);
    }

    private void see(Person person, double seconds, FaceBox square, Image frame) {
        person.last = seconds;
        person.views.add(new View(person.sightings.size(), square.cut(frame, recognizer.size())));
        person.sightings.add(new FileResult.Sighting(seconds, square, List.of()));
        if (person.views.size() == recognizer.framesPerClip()) {
            clip(person);
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
            take(waiting.get(i), predictions.get(i));
        }
        waiting.clear();
    }

    private static void take(Clip clip, Prediction prediction) {
        List<FileResult.Sighting> sightings = clip.person.sightings;
        List<View> views = clip.views;
        double start = sightings.get(views.getFirst().sighting).seconds();
        double end = sightings.get(views.getLast().sighting).seconds();
        clip.person.windows.add(new FileResult.Window(start, end, prediction));
        int known = Math.min(views.size(), prediction.landmarks().size());
        for (int t = 0; t < known; t++) {
            int place = views.get(t).sighting;
            FileResult.Sighting seen = sightings.get(place);
            List<Prediction.Point> points = inFrame(prediction.landmarks().get(t), seen.square());
            sightings.set(place, new FileResult.Sighting(seen.seconds(), seen.square(), points));
        }
    }

    /** From fractions of the square to pixels of the frame. */
    static List<Prediction.Point> inFrame(List<Prediction.Point> points, FaceBox square) {
        return points.stream()
                .map(point -> new Prediction.Point(
                        square.x() + point.x() * square.width(), square.y() + point.y() * square.height()))
                .toList();
    }

    /** Everything that was seen; no frames can be added afterwards. */
    FileResult end(String file, double seconds) {
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
