package org.s2d.weights;

import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;

/** An element type in NumPy's notation, such as {@code <f4}. */
record NumpyType(StoredType type, ByteOrder order) {
    /** Parses an optional byte order and a type code; null when the type is none of ours. */
    static @Nullable NumpyType parse(String text) {
        boolean marked = !text.isEmpty() && "<>|=".indexOf(text.charAt(0)) >= 0;
        StoredType type = switch (marked ? text.substring(1) : text) {
            case "f8" -> StoredType.F64;
            case "f4" -> StoredType.F32;
            case "f2" -> StoredType.F16;
            case "i8" -> StoredType.I64;
            case "i4" -> StoredType.I32;
            case "i2" -> StoredType.I16;
            case "i1" -> StoredType.I8;
            case "u4" -> StoredType.U32;
            case "u2" -> StoredType.U16;
            case "u1" -> StoredType.U8;
            case "b1" -> StoredType.BOOL;
            default -> null;
        };
        if (type == null) {
            return null;
        }
        return new NumpyType(type, text.startsWith(">") ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN);
    }

    /** Strides of a column-major array. */
    static long[] fortranStrides(Shape shape) {
        long[] strides = new long[shape.rank()];
        long step = 1;
        for (int i = 0; i < strides.length; i++) {
            strides[i] = step;
            step *= Math.max(1, shape.dim(i));
        }
        return strides;
    }
}
