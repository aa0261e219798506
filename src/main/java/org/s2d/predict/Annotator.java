package org.s2d.predict;

import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.data.face.FaceBox;
import org.s2d.data.face.FaceTracker;
import org.s2d.data.image.Image;
import org.s2d.report.FaceOverlay;

/** Draws results onto pictures and frames of videos: box, landmarks and bars of each face that is seen at that time. */
public final class Annotator {
    private Annotator() {}

    /** The picture with what was seen at a time of it; the given one stays as it is. */
    public static BufferedImage draw(Image picture, double seconds, FileResult result) {
        BufferedImage copy = picture.toBufferedImage();
        List<FaceOverlay.Face> faces = new ArrayList<>();
        for (FileResult.Face face : result.faces()) {
            Sighted sighted = at(face, seconds);
            if (sighted != null) {
                faces.add(new FaceOverlay.Face(face.number(), sighted.box, sighted.points, bars(face, seconds)));
            }
        }
        FaceOverlay.draw(copy, faces);
        return copy;
    }

    private record Sighted(Rectangle2D box, List<double[]> points) {}

    /** Between two sightings the face is on its way from one to the other; null while it is out of sight. */
    private static @Nullable Sighted at(FileResult.Face face, double seconds) {
        List<FileResult.Sighting> sightings = face.sightings();
        int after = 0;
        while (after < sightings.size() && sightings.get(after).seconds() < seconds) {
            after++;
        }
        FileResult.Sighting next = sightings.get(Math.min(after, sightings.size() - 1));
        FileResult.Sighting last = sightings.get(Math.max(0, after - 1));
        double gap = next.seconds() - last.seconds();
        double distance = Math.min(Math.abs(next.seconds() - seconds), Math.abs(last.seconds() - seconds));
        if (gap > FaceTracker.PATIENCE || distance > FaceTracker.PATIENCE / 2) {
            return null;
        }
        double weight = gap <= 0 ? 1 : Math.clamp((seconds - last.seconds()) / gap, 0.0, 1.0);
        FaceBox square = last.square().towards(next.square(), weight);
        List<double[]> points = new ArrayList<>();
        int known = Math.min(last.landmarks().size(), next.landmarks().size());
        for (int i = 0; i < known; i++) {
            Prediction.Point from = last.landmarks().get(i);
            Prediction.Point to = next.landmarks().get(i);
            points.add(new double[] {from.x() + (to.x() - from.x()) * weight, from.y() + (to.y() - from.y()) * weight});
        }
        return new Sighted(new Rectangle2D.Double(square.x(), square.y(), square.width(), square.height()), points);
    }

    /** The probabilities of the window that a time is in, or the nearest one. */
    private static List<FaceOverlay.Bar> bars(FileResult.Face face, double seconds) {
        FileResult.Window nearest = face.windows().getFirst();
        double least = Double.POSITIVE_INFINITY;
        for (FileResult.Window window : face.windows()) {
            double distance = Math.max(0, Math.max(window.start() - seconds, seconds - window.end()));
            if (distance < least) {
                least = distance;
                nearest = window;
            }
        }
        Prediction prediction = nearest.prediction();
        return prediction.labels().stream()
                .map(label -> new FaceOverlay.Bar(label, prediction.probability(label)))
                .toList();
    }
}
