package org.s2d.nn;

import java.util.random.RandomGenerator;
import org.s2d.tensor.Shape;

/** How a new parameter is filled, as in torch.nn.init. */
@FunctionalInterface
public interface Init {
    /** A value for one element; called in row-major order. */
    double next(Shape shape, RandomGenerator random);

    static Init constant(double value) {
        return (shape, random) -> value;
    }

    /** Normal with the given standard deviation, redrawn beyond two units as timm's trunc_normal_ does. */
    static Init truncatedNormal(double std) {
        return (shape, random) -> {
            double value;
            do {
                value = random.nextGaussian() * std;
            } while (Math.abs(value) > 2);
            return value;
        };
    }

    /** Uniform in {@code +-sqrt(6 / (fanIn + fanOut))}. */
    static Init xavierUniform() {
        return (shape, random) -> {
            double receptive = shape.numel() / (double) (shape.dim(0) * shape.dim(1));
            double bound = Math.sqrt(6 / (receptive * (shape.dim(0) + shape.dim(1))));
            return (2 * random.nextDouble() - 1) * bound;
        };
    }

    /** Uniform in {@code +-1/sqrt(fanIn)}: PyTorch's default for convolutions and their biases. */
    static Init uniform(int fanIn) {
        double bound = 1 / Math.sqrt(fanIn);
        return (shape, random) -> (2 * random.nextDouble() - 1) * bound;
    }
}
