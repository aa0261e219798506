package org.s2d.model.landmark;

import org.s2d.tensor.Shape;

/**
 * An untrained network, for tests and for synthetic faces where no real weights are at hand: convolutions uniform with variance
 * 1 / fan_in, scales and variances 1, slopes 0.25, biases and means 0. A function of the seed. Activations keep the
 * size of the input, within a small factor, all the way to the features.
 */
public final class RandomWeights implements LandmarkWeights {
    private final long seed;

    public RandomWeights(long seed) {
        this.seed = seed;
    }

    @Override
    public boolean has(String name) {
        return true;
    }

    @Override
    public double[] get(String name, Shape shape) {
        double[] values = new double[Math.toIntExact(shape.numel())];
        long key = FormulaWeights.hash(name) ^ (seed * 0xd1342543de82ef95L);
        double scale = Math.sqrt(3.0 * shape.dim(0) / Math.max(1, values.length));
        for (int i = 0; i < values.length; i++) {
            values[i] = shape.rank() > 1 ? scale * (2 * FormulaWeights.uniform(key, i) - 1) : constant(name);
        }
        return values;
    }

    private static double constant(String name) {
        if (name.endsWith("prelu.weight")) {
            return 0.25;
        }
        return name.endsWith(".bias") || name.endsWith(".running_mean") ? 0 : 1;
    }
}
