package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

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

    // Vector version

    static void sigmoidForward(MemorySegment out, long outAt, MemorySegment in, long inAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(in, inAt + 4L * i);
            sigmoid(x).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    static void sigmoidGradient(
            MemorySegment out, long outAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(a, aAt + 4L * i);
            FloatVector g = Lanes.load(b, bAt + 4L * i);
            sigmoid(x).mul(sigmoid(x.neg())).mul(g).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    static void softplusForward(MemorySegment out, long outAt, MemorySegment in, long inAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(in, inAt + 4L * i);
            softplus(x).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    static void softplusGradient(
            MemorySegment out, long outAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(a, aAt + 4L * i);
            FloatVector g = Lanes.load(b, bAt + 4L * i);
            sigmoid(x).mul(g).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    private static FloatVector sigmoid(FloatVector x) {
        FloatVector one = FloatVector.broadcast(Lanes.F, 1f);
        FloatVector e = Lanes.exp(x.abs().neg());
        return one.blend(e, x.compare(VectorOperators.LT, 0f)).div(e.add(1f));
    }

    /** With {@code s = e / (2 + e)}: {@code log(1 + e) = 2 atanh(s)}, a fast series because s is at most 1/3. */
    private static FloatVector softplus(FloatVector x) {
        FloatVector e = Lanes.exp(x.abs().neg());
        FloatVector s = e.div(e.add(2f));
        FloatVector square = s.mul(s);
        FloatVector p = FloatVector.broadcast(Lanes.F, 0.12150468f);
        p = p.fma(square, FloatVector.broadcast(Lanes.F, 0.10713831f));
        p = p.fma(square, FloatVector.broadcast(Lanes.F, 0.14308442f));
        p = p.fma(square, FloatVector.broadcast(Lanes.F, 0.19999439f));
        p = p.fma(square, FloatVector.broadcast(Lanes.F, 0.33333337f));
        FloatVector logarithm = s.add(s);
        logarithm = logarithm.fma(square.mul(p), logarithm);
        return x.blend(0f, x.compare(VectorOperators.LT, 0f)).add(logarithm);
    }
}
