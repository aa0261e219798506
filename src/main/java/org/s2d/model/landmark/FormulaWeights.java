package org.s2d.model.landmark;

import java.nio.charset.StandardCharsets;
import org.s2d.tensor.Shape;

/**
 * Weights that are a function of their name and position only, so that a fixture can be checked without carrying
 * megabytes of them. With {@code u} in [0, 1) from {@link #uniform}: running means {@code 0.4 (u - 0.5)}, running variances
 * {@code 0.5 + u}, scales {@code 0.75 + 0.5 u}, biases {@code 0.4 (u - 0.5)}, convolutions
 * {@code 1.2 (2u - 1) sqrt(3 / fan_in)}; each rounded to float.
 */
public final class FormulaWeights implements LandmarkWeights {
    @Override
    public boolean has(String name) {
        return true;
    }

    @Override
    public double[] get(String name, Shape shape) {
        long key = hash(name);
        double[] values = new double[Math.toIntExact(shape.numel())];
        int fanIn = Math.max(1, values.length / Math.max(1, shape.dim(0)));
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) value(name, shape.rank(), fanIn, uniform(key, i));
        }
        return values;
    }

    private static double value(String name, int rank, int fanIn, double u) {
        if (name.endsWith(".running_mean") || name.endsWith(".bias")) {
            return (u - 0.5) * 0.4;
        }
        if (name.endsWith(".running_var")) {
            return 0.5 + u;
        }
        return rank == 1 ? 0.75 + 0.5 * u : (2 * u - 1) * Math.sqrt(3.0 / fanIn) * 1.2;
    }

    /** FNV-1a, 64 bits. */
    static long hash(String name) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return hash;
    }

    /** The top 24 bits of the SplitMix64 finaliser of {@code key + (index + 1) * 0x9e3779b97f4a7c15}, as a fraction. */
    static double uniform(long key, long index) {
        long z = key + (index + 1) * 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        z ^= z >>> 31;
        return (z >>> 40) * 0x1p-24;
    }
}
