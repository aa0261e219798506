package org.s2d.data.prepare;

import java.util.SplittableRandom;

/**
 * A small similarity transform about the picture's centre.
 *
 * @param angle radians
 * @param scale above 1 brings the face nearer
 * @param dx shift as a share of the width
 * @param dy shift as a share of the height
 */
record Motion(double angle, double scale, double dx, double dy) {
    /** Turns up to 6 degrees, 6 percent nearer or farther and 4 percent aside, times the given amount. */
    static Motion random(SplittableRandom random, double amount) {
        return new Motion(
                amount * Math.toRadians(random.nextDouble(-6, 6)),
                1 + amount * random.nextDouble(-0.06, 0.06),
                amount * random.nextDouble(-0.04, 0.04),
                amount * random.nextDouble(-0.04, 0.04));
    }

    Motion nearer(double more) {
        return new Motion(angle, scale + more, dx, dy);
    }

    Motion towards(Motion other, double weight) {
        return new Motion(
                angle + (other.angle - angle) * weight,
                scale + (other.scale - scale) * weight,
                dx + (other.dx - dx) * weight,
                dy + (other.dy - dy) * weight);
    }

    /** The moved picture, times a gain. */
    Photo apply(Photo photo, double gain) {
        Photo result = new Photo(photo.width, photo.height, photo.planes.length);
        double cos = Math.cos(angle) / scale;
        double sin = Math.sin(angle) / scale;
        double centreX = (photo.width - 1) / 2.0;
        double centreY = (photo.height - 1) / 2.0;
        for (int y = 0; y < photo.height; y++) {
            for (int x = 0; x < photo.width; x++) {
                double u = x - centreX - dx * photo.width;
                double v = y - centreY - dy * photo.height;
                for (int plane = 0; plane < photo.planes.length; plane++) {
                    float value = photo.sample(plane, u * cos + v * sin + centreX, v * cos - u * sin + centreY);
                    result.planes[plane][y * photo.width + x] = (float) (gain * value);
                }
            }
        }
        return result;
    }

    /** Points x0, y0, x1, y1, ... as they lie in the moved picture. */
    double[] points(double[] points, int width, int height) {
        double[] moved = new double[points.length];
        for (int i = 0; i + 1 < points.length; i += 2) {
            double u = scale * (points[i] - (width - 1) / 2.0);
            double v = scale * (points[i + 1] - (height - 1) / 2.0);
            moved[i] = u * Math.cos(angle) - v * Math.sin(angle) + (width - 1) / 2.0 + dx * width;
            moved[i + 1] = u * Math.sin(angle) + v * Math.cos(angle) + (height - 1) / 2.0 + dy * height;
        }
        return moved;
    }
}
