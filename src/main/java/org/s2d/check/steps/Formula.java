package org.s2d.check.steps;

import java.nio.charset.StandardCharsets;
import org.s2d.tensor.Shape;

/** Weights and inputs too large to store, made from their names: the counterpart of tools/base_reference.py. */
public final class Formula {
    private Formula() {}

    /** Values of a parameter, or of the inputs {@code x} and {@code a}, in row-major order. */
    public static float[] values(String name, Shape shape) {
        int count = Math.toIntExact(shape.numel());
        long seed = hash(name);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) value(name, shape, uniform(seed, i));
        }
        return values;
    }

    private static double value(String name, Shape shape, double u) {
        if (name.equals("x") || name.equals("a")) {
            return 2 * u - 1;
        }
        if (name.endsWith("smooth")) {
            return 10;
        }
        if (name.endsWith("weight")) {
            double fanIn = shape.numel() / (double) shape.dim(0);
            return shape.rank() == 1 ? 0.75 + 0.5 * u : (2 * u - 1) * Math.sqrt(3 / fanIn);
        }
        return (u - 0.5) * 0.4;
    }

    /** FNV-1a, 64 bits. */
    private static long hash(String name) {
        long hash = 0xCBF29CE484222325L;
        for (byte part : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (part & 0xff)) * 0x100000001B3L;
        }
        return hash;
    }

    /** splitmix64 of the seed and the element's position, as a number in [0, 1). */
    private static double uniform(long seed, int element) {
        long z = seed + (element + 1L) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        return (z >>> 40) * 0x1p-24;
    }
}
