package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.util.function.DoubleBinaryOperator;
import jdk.incubator.vector.FloatVector;
import org.s2d.device.Elementwise.Binary;

/** Sum and product of two elements. */
final class BinaryKernel {
    private BinaryKernel() {}

    static DoubleBinaryOperator reference(Binary op) {
        return switch (op) {
            case ADD -> Double::sum;
            case MULTIPLY -> (a, b) -> a * b;
        };
    }

    // Vector version

    static void add(MemorySegment out, long outAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector a1 = Lanes.load(a, aAt + 4L * i);
            FloatVector b1 = Lanes.load(b, bAt + 4L * i);
            a1.add(b1).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    static void multiply(MemorySegment out, long outAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector a1 = Lanes.load(a, aAt + 4L * i);
            FloatVector b1 = Lanes.load(b, bAt + 4L * i);
            a1.mul(b1).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    /** {@code out = a + scale * b}. */
    static ElementLoop.Kernel2 addScaled(float scale) {
        return (out, outAt, a, aAt, b, bAt, n) -> addScaled(scale, out, outAt, a, aAt, b, bAt, n);
    }

    private static void addScaled(
            float scale, MemorySegment out, long outAt, MemorySegment a, long aAt, MemorySegment b, long bAt, int n) {
        FloatVector factor = FloatVector.broadcast(Lanes.F, scale);
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector a1 = Lanes.load(a, aAt + 4L * i);
            FloatVector b1 = Lanes.load(b, bAt + 4L * i);
            b1.fma(factor, a1).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    /** {@code out = factor * in}. */
    static ElementLoop.Kernel1 scale(float factor) {
        return (out, outAt, in, inAt, n) -> scale(factor, out, outAt, in, inAt, n);
    }

    private static void scale(float factor, MemorySegment out, long outAt, MemorySegment in, long inAt, int n) {
        for (int i = 0; i < n; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(in, inAt + 4L * i);
            x.mul(factor).intoMemorySegment(out, outAt + 4L * i, Lanes.ORDER);
        }
    }

    static ElementLoop.Kernel2 vector(Binary op) {
        return switch (op) {
            case ADD -> BinaryKernel::add;
            case MULTIPLY -> BinaryKernel::multiply;
        };
    }
}
