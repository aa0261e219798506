package org.s2d.model.s4d;

import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.Tensor;

/** Fixed positions: numbers 2i and 2i+1 of a token are sine and cosine of {@code position / 10000^(2i/D)}, rounded to 32 bits. */
public final class Sinusoids {
    private Sinusoids() {}

    /** [1, positions, width]. */
    static Tensor table(ParameterFactory factory, int positions, int width) {
        return factory.constant(new int[] {1, positions, width}, values(positions, width));
    }

    /** Token by token. */
    public static float[] values(int positions, int width) {
        float[] values = new float[positions * width];
        for (int p = 0; p < positions; p++) {
            for (int j = 0; j < width; j++) {
                double angle = p / Math.pow(10000, 2 * (j / 2) / (double) width);
                values[p * width + j] = (float) (j % 2 == 0 ? Math.sin(angle) : Math.cos(angle));
            }
        }
        return values;
    }
}
