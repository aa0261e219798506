package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/** Exact GELU {@code x Phi(x)}, {@code Phi} the distribution function of the standard normal. */
final class GeluKernel {
    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double INV_SQRT_TWO_PI = 1 / Math.sqrt(2 * Math.PI);

    private static final float TAIL = 0.24f;

    /** From here on the density is zero in F32; clamping spares the exponential its limits. */
    private static final float BEYOND = 15;

    private GeluKernel() {}

    // Scalar reference

    static double reference(double x) {
        return x * cdf(x);
    }

    /** {@code g (Phi(x) + x phi(x))}. */
    static double referenceBackward(double x, double g) {
        return g * (cdf(x) + x * (INV_SQRT_TWO_PI * Math.exp(-0.5 * x * x)));
    }

    private static double cdf(double x) {
        return 0.5 * erfc(-x * SQRT_HALF);
    }

    /** Complementary error function, relative error about 1e-15 also where it is tiny. */
    static double erfc(double x) {
        if (Double.isNaN(x)) {
            return x;
        }
        if (x < 0) {
            return 2 - erfc(-x);
        }
        return x < 1.25 ? 1 - erfSeries(x) : erfcFraction(x);
    }

    static double erf(double x) {
        return Math.abs(x) < 2 ? Math.copySign(erfSeries(Math.abs(x)), x) : Math.signum(x) * (1 - erfc(Math.abs(x)));
    }

    /** {@code 2/sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!!}: all terms positive, so nothing cancels. */
    private static double erfSeries(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; term > sum * 1e-18; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
    }

    /** Continued fraction {@code exp(-x^2)/sqrt(pi) / (x + (1/2)/(x + 1/(x + (3/2)/(x + ...))))} from its end. */
    private static double erfcFraction(double x) {
        double tail = x;
        for (int n = 150; n >= 1; n--) {
            tail = x + n * 0.5 / tail;
        }
        return Math.exp(-x * x) / (Math.sqrt(Math.PI) * tail);
    }

    // Vector version

    static void forward(MemorySegment out, long outAt, MemorySegment in, long inAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(in, inAt + 4L * i);
            gelu(x).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    static void backward(MemorySegment out, long outAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(a, aAt + 4L * i);
            FloatVector g = Lanes.load(b, bAt + 4L * i);
            gradient(x, g).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    /** {@code out[i] = gelu(in[i])}; whole vectors. */
    static void forward(float[] out, float[] in) {
        for (int i = 0; i < in.length; i += Lanes.WIDTH) {
            gelu(FloatVector.fromArray(Lanes.F, in, i)).intoArray(out, i);
        }
    }

    /** {@code out[i] = gelu'(x[i]) * gradOut[i]}; whole vectors. */
    static void backward(float[] out, float[] x, float[] gradOut) {
        for (int i = 0; i < x.length; i += Lanes.WIDTH) {
            FloatVector g = FloatVector.fromArray(Lanes.F, gradOut, i);
            gradient(FloatVector.fromArray(Lanes.F, x, i), g).intoArray(out, i);
        }
    }

    private static FloatVector gelu(FloatVector x) {
        FloatVector z = x.abs().min(BEYOND);
        return x.mul(cdf(x, z, density(z)));
    }

    private static FloatVector gradient(FloatVector x, FloatVector g) {
        FloatVector z = x.abs().min(BEYOND);
        FloatVector e = density(z);
        return x.mul(e.mul((float) INV_SQRT_TWO_PI)).add(cdf(x, z, e)).mul(g);
    }

    /** {@code exp(-z^2 / 2)}; what rounding the square loses is put back, because it would be magnified where z is large. */
    private static FloatVector density(FloatVector z) {
        FloatVector half = z.mul(-0.5f);
        FloatVector square = half.mul(z);
        FloatVector e = Lanes.expInRange(square);
        return e.fma(half.fma(z, square.neg()), e);
    }

    /**
     * {@code Phi(x)} given z = |x| and {@code e = exp(-z^2 / 2)}. {@code Phi(-z) / e} is smooth, 1/2 at zero and falling as 1/z:
     * t times a polynomial in {@code t = 1 / (1 + TAIL z)} fits it to 3e-9; the result is within 5e-7 of Phi, relatively, down to
     * the smallest numbers.
     */
    private static FloatVector cdf(FloatVector x, FloatVector z, FloatVector e) {
        FloatVector one = FloatVector.broadcast(Lanes.F, 1f);
        FloatVector t = one.div(z.fma(FloatVector.broadcast(Lanes.F, TAIL), one));
        FloatVector p = FloatVector.broadcast(Lanes.F, 0.025518049f);
        p = p.fma(t, FloatVector.broadcast(Lanes.F, -0.12459002f));
        p = p.fma(t, FloatVector.broadcast(Lanes.F, 0.20535885f));
        p = p.fma(t, FloatVector.broadcast(Lanes.F, -0.14409368f));
        p = p.fma(t, FloatVector.broadcast(Lanes.F, 0.14128877f));
        p = p.fma(t, FloatVector.broadcast(Lanes.F, 0.028251568f));
        p = p.fma(t, FloatVector.broadcast(Lanes.F, 0.08772511f));
        p = p.fma(t, FloatVector.broadcast(Lanes.F, 0.08894309f));
        p = p.fma(t, FloatVector.broadcast(Lanes.F, 0.09585614f));
        p = p.fma(t, FloatVector.broadcast(Lanes.F, 0.095742136f));
        FloatVector lower = p.mul(t).mul(e);
        return lower.blend(one.sub(lower), x.compare(VectorOperators.GT, 0f));
    }
}
