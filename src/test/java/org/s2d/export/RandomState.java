package org.s2d.export;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Weights and inputs of which every one changes the result: the initial zeros and small numbers of a fresh model hide mistakes. */
public final class RandomState {
    private RandomState() {}

    /** Weights by name, drawn as those of the reference cases. */
    public static Map<String, Tensor> weights(Map<String, Shape> shapes, Scope scope, long seed) {
        Random random = new Random(seed);
        Map<String, Tensor> weights = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> {
            double std = deviation(name, shape);
            double mean = name.endsWith("fovea.smooth") ? 10 : isNorm(name) && name.endsWith("weight") ? 1 : 0;
            weights.put(name, normal(scope, shape, mean, std, random));
        });
        return weights;
    }

    private static boolean isNorm(String name) {
        return name.contains("norm") || name.startsWith("ln_post");
    }

    private static double deviation(String name, Shape shape) {
        if (name.endsWith("fovea.smooth")) {
            return 0.5;
        }
        if (isNorm(name)) {
            return name.endsWith("weight") ? 0.2 : 0.1;
        }
        if (shape.rank() == 1) {
            return 0.1;
        }
        boolean tokens = !name.endsWith("weight");
        return tokens ? 0.3 : 1 / Math.sqrt(shape.numel() / (double) shape.dim(0));
    }

    /** Normal numbers in 32-bit floats. */
    public static Tensor normal(Scope scope, Shape shape, double mean, double std, Random random) {
        Tensor tensor = scope.allocate(DType.F32, shape);
        for (long i = 0; i < shape.numel(); i++) {
            tensor.setDouble(i, mean + std * random.nextGaussian());
        }
        return tensor;
    }

    /** 2-norm of the difference over the 2-norm of {@code exact}. */
    public static double error(double[] actual, double[] exact) {
        if (actual.length != exact.length) {
            throw new AssertionError(actual.length + " values, expected " + exact.length);
        }
        double difference = 0;
        for (int i = 0; i < exact.length; i++) {
            difference += (actual[i] - exact[i]) * (actual[i] - exact[i]);
        }
        return Math.sqrt(difference / Arrays.stream(exact).map(x -> x * x).sum());
    }
}
