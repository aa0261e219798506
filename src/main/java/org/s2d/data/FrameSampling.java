package org.s2d.data;

import org.s2d.data.random.Draws;

/**
 * Which frames of a clip the model sees; indices start at 0. The rules are the release's, with its arithmetic
 * (NumPy's linspace in double, truncated).
 */
public final class FrameSampling {
    private FrameSampling() {}

    /**
     * Training: a random window of {@code length * rate} frames from clips that are longer; from others frames evenly
     * over the whole clip, then the last frame again.
     */
    public static int[] train(int frames, int length, int rate, Draws draws) {
        int span = Math.multiplyExact(length, rate);
        return frames <= span
                ? spread(frames, length, rate)
                : window(length, rate, span + draws.nextInt(frames - span));
    }

    /** Validation: as training, but always the window in the middle. (The release draws a random one here too.) */
    public static int[] validation(int frames, int length, int rate) {
        int span = Math.multiplyExact(length, rate);
        return frames <= span ? spread(frames, length, rate) : window(length, rate, span + (frames - span) / 2);
    }

    /** {@code length} frames evenly over the window of {@code length * rate} frames before {@code end} (exclusive). */
    public static int[] window(int length, int rate, int end) {
        int start = end - length * rate;
        int[] indices = new int[length];
        for (int i = 0; i < length; i++) {
            indices[i] = (int) Math.clamp(linspace(start, end, length, i), start, end - 1);
        }
        return indices;
    }

    private static int[] spread(int frames, int length, int rate) {
        int distinct = frames / rate;
        int[] indices = new int[length];
        for (int i = 0; i < length; i++) {
            double position = i < distinct ? linspace(0, frames, distinct, i) : frames;
            indices[i] = (int) Math.clamp(position, 0, frames - 1);
        }
        return indices;
    }

    /** Element {@code i} of {@code numpy.linspace(start, stop, count)}. */
    private static double linspace(int start, int stop, int count, int i) {
        if (i > 0 && i == count - 1) {
            return stop;
        }
        return i * ((stop - start) / (double) Math.max(1, count - 1)) + start;
    }

    /** Test: every {@code rate}-th frame, then the last of them again until there are at least {@code length}. */
    public static int[] test(int frames, int length, int rate) {
        int taken = Math.ceilDiv(frames, rate);
        int[] indices = new int[Math.max(taken, length)];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = Math.min(i, taken - 1) * rate;
        }
        return indices;
    }

    /**
     * Where each of the test segments of {@code length} frames starts among {@code total} test frames: from the first to
     * the last possible place in equal steps; a single segment lies in the middle.
     */
    public static int[] segmentStarts(int total, int length, int segments) {
        int[] starts = new int[segments];
        if (segments == 1) {
            starts[0] = Math.max(0, total - length) / 2;
            return starts;
        }
        double step = Math.max(1.0 * (total - length) / (segments - 1), 0);
        for (int i = 0; i < segments; i++) {
            starts[i] = (int) (i * step);
        }
        return starts;
    }
}
