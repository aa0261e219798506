package org.s2d.data.face;

import org.s2d.data.image.Image;
import org.s2d.data.image.Resample;
import org.s2d.data.image.Warp;

/**
 * Where a face's square lies in its picture, turned with the head: the square's point (u, v), 0 to 1 each, is the picture's
 * (x + a u - b v, y + b u + a v).
 *
 * @param x of the square's upper left corner, in pixels
 * @param y of the square's upper left corner
 * @param a side times cosine of the tilt
 * @param b side times sine of the tilt
 */
public record Alignment(double x, double y, double a, double b) {
    /** First and last landmark of what is brought to fixed places: left and right eye, tip of the nose, corners of the mouth. */
    private static final int[][] PARTS = {{36, 41}, {42, 47}, {30, 30}, {48, 48}, {54, 54}};
    /** These places in a square without room around, which is about what detectors give: forehead to chin. */
    private static final double[][] PLACES = {{0.29, 0.37}, {0.71, 0.37}, {0.5, 0.59}, {0.345, 0.80}, {0.655, 0.80}};

    /** What may lie between a detector's square and the right one: shift in sides, scale, and degrees. */
    private static final double MOST_SHIFT = 0.35;

    private static final double LEAST_SCALE = 0.6;
    private static final double MOST_TILT = 50;

    /** The square of a box as it is, not turned. */
    public static Alignment upright(FaceBox square) {
        return new Alignment(square.x(), square.y(), square.width(), 0);
    }

    /**
     * The square, larger by {@code margin} of its side at every edge, in which eyes, nose and mouth come closest to their usual places (least
     * squares over shift, size and tilt).
     *
     * @param landmarks 68 points in pixels of the picture, x0, y0, x1, ...
     */
    public static Alignment of(double[] landmarks, double margin) {
        double[] seen = new double[2];
        double[] meant = new double[2];
        double[][] parts = new double[PARTS.length][];
        double[][] places = new double[PARTS.length][];
        for (int i = 0; i < PARTS.length; i++) {
            parts[i] = middle(landmarks, PARTS[i][0], PARTS[i][1]);
            places[i] = new double[] {room(PLACES[i][0], margin), room(PLACES[i][1], margin)};
            for (int axis = 0; axis < 2; axis++) {
                seen[axis] += parts[i][axis] / PARTS.length;
                meant[axis] += places[i][axis] / PARTS.length;
            }
        }
        double squares = 0;
        double along = 0;
        double across = 0;
        for (int i = 0; i < PARTS.length; i++) {
            double u = places[i][0] - meant[0];
            double v = places[i][1] - meant[1];
            double dx = parts[i][0] - seen[0];
            double dy = parts[i][1] - seen[1];
            squares += u * u + v * v;
            along += u * dx + v * dy;
            across += u * dy - v * dx;
        }
        double a = along / squares;
        double b = across / squares;
        return new Alignment(seen[0] - a * meant[0] + b * meant[1], seen[1] - b * meant[0] - a * meant[1], a, b);
    }

    /** A place in the square, when that has room around. */
    private static double room(double place, double margin) {
        return 0.5 + (place - 0.5) / (1 + 2 * margin);
    }

    private static double[] middle(double[] landmarks, int first, int last) {
        double[] sum = new double[2];
        for (int i = first; i <= last; i++) {
            sum[0] += landmarks[2 * i];
            sum[1] += landmarks[2 * i + 1];
        }
        int count = last - first + 1;
        return new double[] {sum[0] / count, sum[1] / count};
    }

    /** Whether this could be the face in an upright square: about there, about as large, and not lying on its side. */
    public boolean isNear(Alignment upright) {
        double side = upright.side();
        double dx = x + (a - b) / 2 - upright.x - side / 2;
        double dy = y + (b + a) / 2 - upright.y - side / 2;
        return Math.hypot(dx, dy) < MOST_SHIFT * side
                && side() > LEAST_SCALE * side
                && side() < side / LEAST_SCALE
                && Math.abs(tilt()) < MOST_TILT;
    }

    /** An upright square of the same size around the same middle. */
    public FaceBox square() {
        double side = side();
        return new FaceBox(x + (a - b - side) / 2, y + (b + a - side) / 2, side, side, 1);
    }

    /** Side of the square in pixels of the picture. */
    public double side() {
        return Math.hypot(a, b);
    }

    /** How far the head leans to a shoulder, in degrees. */
    public double tilt() {
        return Math.toDegrees(Math.atan2(b, a));
    }

    /** This on its way to another: weight 0 is this, 1 the other. */
    public Alignment towards(Alignment other, double weight) {
        return new Alignment(
                x + (other.x - x) * weight,
                y + (other.y - y) * weight,
                a + (other.a - a) * weight,
                b + (other.b - b) * weight);
    }

    /** What is inside the square, upright; outside of the picture its edge goes on. */
    public Image cut(Image picture, int size) {
        // Looking up single points would skip pixels of a large face: those are cut larger and then made small.
        int fine = size * Math.max(1, (int) Math.ceil(side() / size));
        Image cut = Image.blank(fine, fine);
        for (int row = 0, at = 0; row < fine; row++) {
            double v = (row + 0.5) / fine;
            for (int column = 0; column < fine; column++, at += 3) {
                double u = (column + 0.5) / fine;
                Warp.bilinear(picture, x + a * u - b * v - 0.5, y + b * u + a * v - 0.5, cut.rgb(), at);
            }
        }
        return fine == size ? cut : Resample.resize(cut, size, size, Resample.Filter.BILINEAR);
    }
}
