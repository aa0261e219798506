package org.s2d.tensor;

/**
 * Element types, named as in safetensors. Floating types compute; {@link #I64} carries labels and indices, {@link #U8} pixels, 0 to 255.
 * The integers are only moved, and convert to nothing else.
 */
public enum DType {
    F64(8),
    F32(4),
    BF16(2),
    F16(2),
    I64(8),
    U8(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    public boolean isFloating() {
        return this != I64 && this != U8;
    }

    /** Whether elements of this type can be copied to another: floating types among each other, integers to their own. */
    public boolean convertsTo(DType other) {
        return this == other || (isFloating() && other.isFloating());
    }

    /** Rounds to the nearest bfloat16, ties to even; NaN stays NaN. */
    public static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if ((bits & 0x7fffffff) > 0x7f800000) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    public static float fromBf16(short bits) {
        return Float.intBitsToFloat(bits << 16);
    }
}
