package org.s2d.data.random;

/** Where random decisions come from: a seeded stream, or a record of earlier draws that is played again. */
public interface Draws {
    /** Uniform in [0, 1). */
    double nextDouble();

    /** Uniform in {0, ..., bound - 1}. */
    int nextInt(int bound);

    /** Normally distributed with mean 0 and standard deviation 1. */
    double nextGaussian();

    /** Fills with normally distributed values. A stream may have a faster way for many of them than {@link #nextGaussian}. */
    default void fillGaussian(float[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) nextGaussian();
        }
    }

    /** Uniform in [low, high). */
    default double uniform(double low, double high) {
        return low + (high - low) * nextDouble();
    }

    /** True with the given probability. */
    default boolean chance(double probability) {
        return nextDouble() < probability;
    }
}
