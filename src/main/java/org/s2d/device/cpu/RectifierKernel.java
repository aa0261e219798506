package org.s2d.device.cpu;

/** ReLU and ReLU6. NaN passes; the gradient is zero where the function is flat, its corners included. */
final class RectifierKernel {
    private RectifierKernel() {}

    // Scalar reference

    static double relu(double x) {
        return Math.max(x, 0);
    }

    static double reluBackward(double x, double g) {
        return x <= 0 ? 0 : g;
    }

    static double relu6(double x) {
        return Math.min(Math.max(x, 0), 6);
    }

    static double relu6Backward(double x, double g) {
        return x <= 0 || x >= 6 ? 0 : g;
    }
}
