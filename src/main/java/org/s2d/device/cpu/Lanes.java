package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.s2d.tensor.DType;

/**
 * What the vector kernels share: species, loads and stores by byte offset, the exponential, and rows of other element types
 * widened to F32 and back.
 */
final class Lanes {
    static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    static final VectorSpecies<Double> D = DoubleVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED;
    /** As many BF16 numbers as {@link #F} has lanes. */
    static final VectorSpecies<Short> S =
            VectorSpecies.of(short.class, jdk.incubator.vector.VectorShape.forBitSize(F.vectorBitSize() / 2));

    static final int WIDTH = F.length();
    static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private static final float LOG2_E = 1.442695f;
    private static final float LN2_HIGH = 0x1.63p-1f;
    private static final float LN2_LOW = -2.12194440e-4f;
    /** Adding and subtracting it rounds to an integer. */
    private static final float ROUNDER = 0x1.8p23f;

    private static final float EXP_MAX = 88.72284f;
    private static final float EXP_MIN = -103.98f;

    private Lanes() {}

    static FloatVector load(MemorySegment segment, long at) {
        return FloatVector.fromMemorySegment(F, segment, at, ORDER);
    }

    static FloatVector load(MemorySegment segment, long at, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(F, segment, at, ORDER, mask);
    }

    static void store(FloatVector value, MemorySegment segment, long at) {
        value.intoMemorySegment(segment, at, ORDER);
    }

    static void store(FloatVector value, MemorySegment segment, long at, VectorMask<Float> mask) {
        value.intoMemorySegment(segment, at, ORDER, mask);
    }

    /** Lanes 0 to {@code rest - 1}. */
    static VectorMask<Float> first(int rest) {
        return F.indexInRange(0, rest);
    }

    /** {@code exp(x)} within about one unit in the last place; 0 and infinity beyond the range, NaN stays NaN. */
    static FloatVector exp(FloatVector x) {
        return expInRange(x)
                .blend(0f, x.compare(VectorOperators.LT, EXP_MIN))
                .blend(Float.POSITIVE_INFINITY, x.compare(VectorOperators.GT, EXP_MAX));
    }

    /** {@link #exp} for arguments between -170 and 88.72, or NaN. */
    static FloatVector expInRange(FloatVector x) {
        FloatVector shifted = x.mul(LOG2_E).add(ROUNDER);
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(FloatVector.broadcast(F, -LN2_HIGH), x);
        r = n.fma(FloatVector.broadcast(F, -LN2_LOW), r);
        FloatVector p = FloatVector.broadcast(F, 0.0013814466f);
        p = p.fma(r, FloatVector.broadcast(F, 0.008368781f));
        p = p.fma(r, FloatVector.broadcast(F, 0.041668393f));
        p = p.fma(r, FloatVector.broadcast(F, 0.1666652f));
        p = p.fma(r, FloatVector.broadcast(F, 0.49999994f));
        p = p.fma(r.mul(r), r).add(1f);
        // 2^n in two factors, so that results that are not normal numbers come out right.
        IntVector exponent = shifted.reinterpretAsInts().sub(Float.floatToRawIntBits(ROUNDER));
        IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
        return p.mul(powerOfTwo(half)).mul(powerOfTwo(exponent.sub(half)));
    }

    private static FloatVector powerOfTwo(IntVector exponent) {
        return exponent.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
    }

    /** Adds the lanes of a sum in double. */
    static double sum(FloatVector lanes) {
        DoubleVector low = (DoubleVector) lanes.convertShape(VectorOperators.F2D, D, 0);
        DoubleVector high = (DoubleVector) lanes.convertShape(VectorOperators.F2D, D, 1);
        return low.add(high).reduceLanes(VectorOperators.ADD);
    }

    static DoubleVector low(FloatVector value) {
        return (DoubleVector) value.convertShape(VectorOperators.F2D, D, 0);
    }

    static DoubleVector high(FloatVector value) {
        return (DoubleVector) value.convertShape(VectorOperators.F2D, D, 1);
    }

    static FloatVector fromBf16(ShortVector bits) {
        IntVector wide = (IntVector) bits.convertShape(VectorOperators.ZERO_EXTEND_S2I, I, 0);
        return wide.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats();
    }

    /** Rounds to nearest, ties to even; NaN stays NaN. */
    static ShortVector toBf16(FloatVector value) {
        IntVector bits = value.reinterpretAsInts();
        IntVector odd = bits.lanewise(VectorOperators.LSHR, 16).and(1);
        IntVector rounded = bits.add(0x7fff).add(odd);
        VectorMask<Integer> nan = value.test(VectorOperators.IS_NAN).cast(I);
        IntVector result = rounded.blend(bits.or(0x400000), nan).lanewise(VectorOperators.LSHR, 16);
        return (ShortVector) result.convertShape(VectorOperators.I2S, S, 0);
    }

    // Rows of any type as F32. Positions in elements; the F32 side starts at a byte offset and has stride 1.

    /** Reads {@code n} elements {@code stride} apart into F32. */
    static void widen(DType type, MemorySegment from, long at, long stride, MemorySegment to, long toByte, int n) {
        if (stride == 0 && n > 0) {
            float value = one(type, from, at);
            for (int i = 0; i < n; i++) {
                to.set(ValueLayout.JAVA_FLOAT, toByte + 4L * i, value);
            }
            return;
        }
        switch (type) {
            case BF16 -> {
                if (stride == 1) {
                    widenBf16(from, 2 * at, to, toByte, n);
                    return;
                }
                for (int i = 0; i < n; i++) {
                    short bits = from.get(ValueLayout.JAVA_SHORT, 2 * (at + i * stride));
                    to.set(ValueLayout.JAVA_FLOAT, toByte + 4L * i, DType.fromBf16(bits));
                }
            }
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    short bits = from.get(ValueLayout.JAVA_SHORT, 2 * (at + i * stride));
                    to.set(ValueLayout.JAVA_FLOAT, toByte + 4L * i, Float.float16ToFloat(bits));
                }
            }
            case F32 -> {
                for (int i = 0; i < n; i++) {
                    float value = from.get(ValueLayout.JAVA_FLOAT, 4 * (at + i * stride));
                    to.set(ValueLayout.JAVA_FLOAT, toByte + 4L * i, value);
                }
            }
            default -> throw new IllegalArgumentException("not a type of the vector kernels: " + type);
        }
    }

    private static float one(DType type, MemorySegment from, long at) {
        return switch (type) {
            case F32 -> from.get(ValueLayout.JAVA_FLOAT, 4 * at);
            case BF16 -> DType.fromBf16(from.get(ValueLayout.JAVA_SHORT, 2 * at));
            case F16 -> Float.float16ToFloat(from.get(ValueLayout.JAVA_SHORT, 2 * at));
            default -> throw new IllegalArgumentException("not a type of the vector kernels: " + type);
        };
    }

    /** Writes {@code n} F32 elements to places {@code stride} apart, rounding to the type. */
    static void narrow(MemorySegment from, long fromByte, DType type, MemorySegment to, long at, long stride, int n) {
        switch (type) {
            case BF16 -> {
                if (stride == 1) {
                    narrowBf16(from, fromByte, to, 2 * at, n);
                    return;
                }
                for (int i = 0; i < n; i++) {
                    float value = from.get(ValueLayout.JAVA_FLOAT, fromByte + 4L * i);
                    to.set(ValueLayout.JAVA_SHORT, 2 * (at + i * stride), DType.toBf16(value));
                }
            }
            case F16 -> {
                for (int i = 0; i < n; i++) {
                    float value = from.get(ValueLayout.JAVA_FLOAT, fromByte + 4L * i);
                    to.set(ValueLayout.JAVA_SHORT, 2 * (at + i * stride), Float.floatToFloat16(value));
                }
            }
            case F32 -> {
                for (int i = 0; i < n; i++) {
                    float value = from.get(ValueLayout.JAVA_FLOAT, fromByte + 4L * i);
                    to.set(ValueLayout.JAVA_FLOAT, 4 * (at + i * stride), value);
                }
            }
            default -> throw new IllegalArgumentException("not a type of the vector kernels: " + type);
        }
    }

    private static void widenBf16(MemorySegment from, long fromByte, MemorySegment to, long toByte, int n) {
        int i = 0;
        for (; i <= n - WIDTH; i += WIDTH) {
            ShortVector bits = ShortVector.fromMemorySegment(S, from, fromByte + 2L * i, ORDER);
            store(fromBf16(bits), to, toByte + 4L * i);
        }
        for (; i < n; i++) {
            short bits = from.get(ValueLayout.JAVA_SHORT, fromByte + 2L * i);
            to.set(ValueLayout.JAVA_FLOAT, toByte + 4L * i, DType.fromBf16(bits));
        }
    }

    private static void narrowBf16(MemorySegment from, long fromByte, MemorySegment to, long toByte, int n) {
        int i = 0;
        for (; i <= n - WIDTH; i += WIDTH) {
            toBf16(load(from, fromByte + 4L * i)).intoMemorySegment(to, toByte + 2L * i, ORDER);
        }
        for (; i < n; i++) {
            float value = from.get(ValueLayout.JAVA_FLOAT, fromByte + 4L * i);
            to.set(ValueLayout.JAVA_SHORT, toByte + 2L * i, DType.toBf16(value));
        }
    }
}
