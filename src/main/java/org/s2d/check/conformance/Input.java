package org.s2d.check.conformance;

import java.util.Random;
import org.s2d.tensor.Shape;

/** One operand of a sample: its shape, what values it takes, whether a gradient is asked for, and its element type. */
public record Input(Shape shape, Domain domain, boolean grad, Kind kind) {
    /** Values an operand takes. */
    public enum Domain {
        /** Standard normal. */
        NORMAL,
        /** Normal with a standard deviation of 12: saturates every activation. */
        WIDE,
        /** 0.25 to 2. */
        POSITIVE,
        /** 0 to 1. */
        UNIT,
        /** Standard normal, moved away from zero by a quarter: for functions with a corner at zero. */
        OFF_ZERO,
        /** Zero and one at random. */
        BIT,
        /** Integers from 0 to 255. */
        BYTE
    }

    /** In which element type the operand comes when the tape computes in BF16. */
    public enum Kind {
        /** The compute type. */
        ACTIVATION,
        /** The device's float type, contiguous in every layout. */
        PARAMETER
    }

    private static Input of(Domain domain, int... dims) {
        return new Input(Shape.of(dims), domain, true, Kind.ACTIVATION);
    }

    public static Input normal(int... dims) {
        return of(Domain.NORMAL, dims);
    }

    public static Input wide(int... dims) {
        return of(Domain.WIDE, dims);
    }

    public static Input positive(int... dims) {
        return of(Domain.POSITIVE, dims);
    }

    public static Input unit(int... dims) {
        return of(Domain.UNIT, dims);
    }

    public static Input offZero(int... dims) {
        return of(Domain.OFF_ZERO, dims);
    }

    public static Input bit(int... dims) {
        return of(Domain.BIT, dims);
    }

    public static Input bytes(int... dims) {
        return of(Domain.BYTE, dims);
    }

    /** The same operand without gradient. */
    public Input constant() {
        return new Input(shape, domain, false, kind);
    }

    /** The same operand as a parameter. */
    public Input parameter() {
        return new Input(shape, domain, grad, Kind.PARAMETER);
    }

    double[] draw(Random random) {
        double[] values = new double[Math.toIntExact(shape.numel())];
        for (int i = 0; i < values.length; i++) {
            double normal = random.nextGaussian();
            double uniform = random.nextDouble();
            values[i] = switch (domain) {
                case NORMAL -> normal;
                case WIDE -> 12 * normal;
                case POSITIVE -> 0.25 + 1.75 * uniform;
                case UNIT -> uniform;
                case OFF_ZERO -> normal + Math.copySign(0.25, normal);
                case BIT -> Math.rint(uniform);
                case BYTE -> Math.floor(256 * uniform);
            };
        }
        return values;
    }
}
