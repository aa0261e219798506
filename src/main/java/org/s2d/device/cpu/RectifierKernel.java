package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

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

    // Vector version

    static void reluForward(MemorySegment out, long outAt, MemorySegment in, long inAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(in, inAt + 4L * i);
            x.blend(0f, x.compare(VectorOperators.LT, 0f)).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    static void reluGradient(
            MemorySegment out, long outAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(a, aAt + 4L * i);
            FloatVector g = Lanes.load(b, bAt + 4L * i);
            g.blend(0f, x.compare(VectorOperators.LE, 0f)).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    static void relu6Forward(MemorySegment out, long outAt, MemorySegment in, long inAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(in, inAt + 4L * i);
            Lanes.store(
                    x.blend(0f, x.compare(VectorOperators.LT, 0f)).blend(6f, x.compare(VectorOperators.GT, 6f)),
                    out,
                    outAt + 4L * i);
        }
    }

    static void relu6Gradient(
            MemorySegment out, long outAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(a, aAt + 4L * i);
            FloatVector g = Lanes.load(b, bAt + 4L * i);
            Lanes.store(
                    g.blend(0f, x.compare(VectorOperators.LE, 0f)).blend(0f, x.compare(VectorOperators.GE, 6f)),
                    out,
                    outAt + 4L * i);
        }
    }
}
