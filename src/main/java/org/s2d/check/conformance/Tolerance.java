package org.s2d.check.conformance;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.s2d.device.Device;
import org.s2d.tensor.DType;

/**
 * How far a result in a rounded type may be from the one in double. The yardstick is what the rounding of operands alone does
 * to the exact result: the largest change (2-norm) over some draws in which every operand, and the gradient coming from above,
 * is multiplied by {@code 1 + u r}, r uniform in [-1, 1], u the unit roundoff, plus u times the result's norm for the rounding
 * of the result. An implementation that computes in that type and sums with care stays within a small multiple of it.
 */
public final class Tolerance {
    private static final int DRAWS = 3;
    private static final double FACTOR = 4;

    private Tolerance() {}

    public static double unitRoundoff(DType type) {
        return switch (type) {
            case F64 -> 0x1p-53;
            case F32 -> 0x1p-24;
            case F16 -> 0x1p-11;
            case BF16 -> 0x1p-8;
            case I64, U8 -> throw new IllegalArgumentException("no floating type");
        };
    }

    /** Limits for every output and gradient of {@code exact}. */
    static List<Double> limits(Device reference, Run.Setup setup, List<double[]> values, Run exact, DType type) {
        double unit = unitRoundoff(type);
        List<List<double[]>> moved = new ArrayList<>();
        for (int draw = 0; draw < DRAWS; draw++) {
            Random random = new Random(draw);
            List<double[]> operands =
                    values.stream().map(array -> perturb(array, unit, random)).toList();
            Run.Upstream upstream = (output, size) -> perturb(setup.upstream().gradient(output, size), unit, random);
            moved.add(Run.of(reference, setup.with(upstream), operands).everything());
        }
        return limits(exact.everything(), moved, type);
    }

    /**
     * Limits for results of which {@code exact} are the ones in double and each of {@code moved} the same after operands were
     * {@linkplain #perturb perturbed}.
     */
    public static List<Double> limits(List<double[]> exact, List<List<double[]>> moved, DType type) {
        List<Double> limits = new ArrayList<>();
        for (int i = 0; i < exact.size(); i++) {
            double[] result = exact.get(i);
            double change = 0;
            for (List<double[]> draw : moved) {
                change = Math.max(change, distance(draw.get(i), result));
            }
            double rounding = unitRoundoff(type) * norm(result);
            limits.add(FACTOR * (rounding + change) + underflow(type) * Math.sqrt(result.length));
        }
        return limits;
    }

    /** Below the smallest normal number of a type there is no relative accuracy. */
    private static double underflow(DType type) {
        return type == DType.F16 ? 0x1p-24 : 0x1p-126;
    }

    /** Every value times {@code 1 + unit r}, r uniform in [-1, 1]. */
    public static double[] perturb(double[] values, double unit, Random random) {
        double[] moved = values.clone();
        for (int i = 0; i < moved.length; i++) {
            moved[i] *= 1 + unit * (2 * random.nextDouble() - 1);
        }
        return moved;
    }

    static double norm(double[] values) {
        return distance(values, new double[values.length]);
    }

    /** 2-norm of the difference. */
    public static double distance(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (a[i] - b[i]) * (a[i] - b[i]);
        }
        return Math.sqrt(sum);
    }
}
