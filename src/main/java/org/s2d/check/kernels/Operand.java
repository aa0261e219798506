package org.s2d.check.kernels;

import java.nio.charset.StandardCharsets;
import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;

/**
 * A tensor that a kernel reads or writes.
 *
 * @param activation in the type the case is about; otherwise in the device's float type
 * @param rows rows along the first dimension that are alike in the check: see {@link KernelCase#checkedRows}; 0 when the operand is needed whole
 */
record Operand(String name, Shape shape, Role role, Values values, boolean activation, int rows) {
    /** What the timed call does with it. */
    enum Role {
        READ,
        WRITTEN,
        UPDATED,
        /** Read, after {@link KernelCase#prepare} filled it. */
        PREPARED
    }

    enum Values {
        /** Mean 0, variance 1. */
        SPREAD,
        /** 0.25 to 1.75. */
        POSITIVE,
        /** Bytes, 0 to 255: neither activations nor in the device's float type. */
        BYTES
    }

    /** Bytes that a call has to move for it, each element once in each direction. */
    long bytes(DType type) {
        return shape.numel() * type.bytes() * (role == Role.UPDATED ? 2 : 1);
    }

    boolean isResult() {
        return role == Role.WRITTEN || role == Role.UPDATED;
    }

    /** Elements {@code start} to {@code start + count} of its values, which a type holds exactly: a function of its name. */
    float[] draw(long start, int count, DType type) {
        long seed = 0xCBF29CE484222325L;
        for (byte part : name.getBytes(StandardCharsets.UTF_8)) {
            seed = (seed ^ (part & 0xff)) * 0x100000001B3L;
        }
        float[] drawn = new float[count];
        for (int i = 0; i < count; i++) {
            double u = uniform(seed, start + i);
            float value = (float)
                    switch (values) {
                        case SPREAD -> (2 * u - 1) * Math.sqrt(3);
                        case POSITIVE -> 0.25 + 1.5 * u;
                        case BYTES -> Math.floor(256 * u);
                    };
            drawn[i] = switch (type) {
                case BF16 -> DType.fromBf16(DType.toBf16(value));
                case F16 -> Float.float16ToFloat(Float.floatToFloat16(value));
                case F32, F64, U8 -> value;
                case I64 -> throw new IllegalArgumentException("no floating type");
            };
        }
        return drawn;
    }

    /** splitmix64 as a number in [0, 1). */
    private static double uniform(long seed, long element) {
        long z = seed + (element + 1) * 0x9E3779B97F4A7C15L;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        z ^= z >>> 31;
        return (z >>> 40) * 0x1p-24;
    }
}
