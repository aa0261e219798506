package org.s2d.data.prepare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.prepare.PairPlan.ClipPlan;

/** Draws the frames of a planned clip: held start, onset at a random time, held end, and a slowly moving camera. */
final class PairClip {
    private static final double[] NO_LANDMARKS = {};

    private final Path folder;
    private final Map<String, double[]> landmarks;
    private final FacePairs.Options options;

    PairClip(Path folder, Map<String, double[]> landmarks, FacePairs.Options options) {
        this.folder = folder;
        this.landmarks = landmarks;
        this.options = options;
    }

    /** The frames, encoded. */
    List<byte[]> frames(ClipPlan clip) {
        SplittableRandom random = new SplittableRandom(clip.seed());
        Morph morph = morph(clip, random);
        double start = random.nextDouble(0.08, 0.28);
        double duration = random.nextDouble(0.25, 0.5);
        Motion first = Motion.random(random, 0.3);
        Motion last = Motion.random(random, 0.3);
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; i < options.frames(); i++) {
            double time = (double) i / (options.frames() - 1);
            Photo frame = first.towards(last, time).apply(morph.at(smoothStep((time - start) / duration)), 1);
            frames.add(DatasetWriter.encode(frame.image(), options.png() ? "png" : "jpg"));
        }
        return frames;
    }

    private Morph morph(ClipPlan clip, SplittableRandom random) {
        Image original = ImageFile.read(folder.resolve(clip.from()));
        int width = options.size() == 0 ? original.width() : options.size();
        int height = options.size() == 0 ? original.height() : options.size();
        Photo from = Photo.of(original, options.grey(), width, height);
        double[] pointsFrom = points(clip.from(), original, width, height);
        if (clip.single()) {
            // Brought nearer, so that no edge of the picture comes into view.
            Motion other = Motion.random(random, 1).nearer(0.06);
            Photo to = other.apply(from, random.nextDouble(0.8, 1.2));
            return new Morph(from, to, pointsFrom, other.points(pointsFrom, width, height));
        }
        Image second = ImageFile.read(folder.resolve(clip.to()));
        Photo to = Photo.of(second, options.grey(), width, height);
        double[] pointsTo = points(clip.to(), second, width, height);
        boolean warp = pointsFrom.length == pointsTo.length;
        return new Morph(from, to, warp ? pointsFrom : NO_LANDMARKS, warp ? pointsTo : NO_LANDMARKS);
    }

    /** Landmarks after a picture's resize; pixel centres lie at half numbers of the picture's extent. */
    private double[] points(String file, Image original, int width, int height) {
        double[] points = landmarks.getOrDefault(file, NO_LANDMARKS);
        double[] result = new double[points.length];
        for (int i = 0; i < points.length; i++) {
            double scale = i % 2 == 0 ? (double) width / original.width() : (double) height / original.height();
            result[i] = (points[i] + 0.5) * scale - 0.5;
        }
        return result;
    }

    private static double smoothStep(double x) {
        double t = Math.clamp(x, 0.0, 1.0);
        return t * t * (3 - 2 * t);
    }
}
