package org.s2d.data.face;

import org.jspecify.annotations.Nullable;
import org.s2d.data.image.Image;

/** Notices where a video changes to another scene: most of a coarse picture's brightness changes at once. */
public final class SceneCuts {
    private static final int GRID = 12;
    /** Mean change of brightness in a cell, of 255; cameras that pan and people who move stay well below. */
    private static final double CHANGE = 42;

    private double @Nullable [] before;

    /** Whether the next frame begins another scene; false for the first. */
    public boolean next(Image frame) {
        double[] now = cells(frame);
        double[] old = before;
        before = now;
        if (old == null) {
            return false;
        }
        double sum = 0;
        for (int i = 0; i < now.length; i++) {
            sum += Math.abs(now[i] - old[i]);
        }
        return sum / now.length > CHANGE;
    }

    /** Mean brightness of each cell of the grid, from every fourth pixel. */
    private static double[] cells(Image frame) {
        double[] sums = new double[GRID * GRID];
        int[] counts = new int[GRID * GRID];
        for (int y = 0; y < frame.height(); y += 4) {
            for (int x = 0; x < frame.width(); x += 4) {
                int cell = y * GRID / frame.height() * GRID + x * GRID / frame.width();
                sums[cell] += (frame.at(x, y, 0) + frame.at(x, y, 1) + frame.at(x, y, 2)) / 3.0;
                counts[cell]++;
            }
        }
        for (int i = 0; i < sums.length; i++) {
            sums[i] /= Math.max(1, counts[i]);
        }
        return sums;
    }
}
