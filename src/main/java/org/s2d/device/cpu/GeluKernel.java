package org.s2d.device.cpu;

/** Exact GELU {@code x Phi(x)}, {@code Phi} the distribution function of the standard normal. */
final class GeluKernel {
    private static final double SQRT_HALF = Math.sqrt(0.5);
    private static final double INV_SQRT_TWO_PI = 1 / Math.sqrt(2 * Math.PI);

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
}
