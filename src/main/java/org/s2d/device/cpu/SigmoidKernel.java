package org.s2d.device.cpu;

/** Sigmoid {@code 1 / (1 + exp(-x))} and softplus {@code log(1 + exp(x))}, from {@code exp(-|x|)} so that nothing overflows. */
final class SigmoidKernel {
    private SigmoidKernel() {}

    // Scalar reference

    static double sigmoid(double x) {
        double e = Math.exp(-Math.abs(x));
        return (x >= 0 ? 1 : e) / (1 + e);
    }

    static double sigmoidBackward(double x, double g) {
        return g * sigmoid(x) * sigmoid(-x);
    }

    static double softplus(double x) {
        return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
    }

    static double softplusBackward(double x, double g) {
        return g * sigmoid(x);
    }
}
