package org.s2d.data.synthetic;

import java.awt.Color;
import java.util.SplittableRandom;

/**
 * Where the camera and the lamp are.
 *
 * @param roll head turned in the picture, degrees
 * @param yaw head turned sideways, -1 to 1
 * @param pitch head nodding, -1 to 1
 * @param x shift in half picture heights
 * @param y shift in half picture heights
 * @param scale size of the head
 * @param light direction the light comes from, radians
 * @param contrast how much darker the far side is, 0 to 1
 * @param exposure brightness of everything
 * @param upper background colour above
 * @param lower background colour below
 */
record Scene(
        double roll,
        double yaw,
        double pitch,
        double x,
        double y,
        double scale,
        double light,
        double contrast,
        double exposure,
        Color upper,
        Color lower) {

    static Scene random(SplittableRandom random) {
        float hue = (float) random.nextDouble();
        float saturation = (float) random.nextDouble(0.05, 0.35);
        float brightness = (float) random.nextDouble(0.35, 0.85);
        return new Scene(
                random.nextDouble(-6, 6),
                random.nextDouble(-0.5, 0.5),
                random.nextDouble(-0.4, 0.4),
                random.nextDouble(-0.04, 0.04),
                random.nextDouble(-0.04, 0.04),
                random.nextDouble(1.22, 1.34),
                random.nextDouble(0, 2 * Math.PI),
                random.nextDouble(0.1, 0.42),
                random.nextDouble(0.85, 1.03),
                Color.getHSBColor(hue, saturation, brightness),
                Color.getHSBColor(hue, saturation, brightness * 0.75f));
    }

    /** The same scene a moment later: the head has moved, lamp and background stay. */
    Scene moved(double moreRoll, double moreYaw, double morePitch, double moreX, double moreY) {
        return new Scene(
                roll + moreRoll,
                yaw + moreYaw,
                pitch + morePitch,
                x + moreX,
                y + moreY,
                scale,
                light,
                contrast,
                exposure,
                upper,
                lower);
    }
}
