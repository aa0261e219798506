package org.s2d.data.synthetic;

import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A face at rest that makes an expression: the frames of one clip, forward in time. */
final class Clip {
    private final Identity who;
    private final Expression rest;
    private final Expression peak;
    private final SplittableRandom random;
    private final Scene scene;

    /** The clip of that number of one person and class; equal numbers give equal clips. */
    Clip(long seed, int person, ClipClass kind, int number) {
        random = Seeds.random(seed, 2, person, kind.forward().label().hashCode(), number);
        who = Identity.of(seed, person);
        rest = Expression.NEUTRAL.withGaze(random.nextDouble(-0.4, 0.4), random.nextDouble(-0.3, 0.3));
        Expression goal = kind.peak().varied(random).withGaze(rest.gazeX(), rest.gazeY());
        peak = rest.towards(goal, random.nextDouble(0.75, 1.05));
        scene = Scene.random(random);
    }

    /** All frames: rest, onset at a random time, held peak, with the head moving a little and now and then a blink. */
    List<BufferedImage> frames(int count, int size) {
        double start = random.nextDouble(0.08, 0.28);
        double duration = random.nextDouble(0.25, 0.5);
        double roll = random.nextDouble(-5, 5);
        double yaw = random.nextDouble(-0.25, 0.25);
        double pitch = random.nextDouble(-0.2, 0.2);
        double sway = random.nextDouble(-0.02, 0.02);
        int blink = random.nextDouble() < 0.4 ? random.nextInt(count) : -9;
        List<BufferedImage> frames = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            double time = count == 1 ? 1 : (double) i / (count - 1);
            Expression face =
                    rest.towards(peak, smoothStep((time - start) / duration) + random.nextDouble(-0.02, 0.02));
            if (Math.abs(i - blink) <= 1) {
                face = face.blinking(i == blink ? 0.05 : 0.45);
            }
            double wave = Math.sin(2 * Math.PI * time);
            Scene now = scene.moved(
                    roll * (time - 0.5), yaw * (time - 0.5), pitch * (time - 0.5), sway * wave, sway * (time - 0.5));
            frames.add(FacePainter.paint(who, face, now, size, random.nextLong()));
        }
        return frames;
    }

    /** One photograph at the peak. */
    BufferedImage still(int size) {
        return FacePainter.paint(who, peak, scene, size, random.nextLong());
    }

    private static double smoothStep(double x) {
        double t = Math.clamp(x, 0, 1);
        return t * t * (3 - 2 * t);
    }
}
