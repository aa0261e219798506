package org.s2d.weights;

import org.jspecify.annotations.Nullable;
import org.s2d.tensor.DType;

/** Element types that files may hold, named as in safetensors; a superset of the types tensors compute with. */
public enum StoredType {
    F64(8, DType.F64),
    F32(4, DType.F32),
    F16(2, DType.F16),
    BF16(2, DType.BF16),
    I64(8, DType.I64),
    I32(4, DType.I64),
    I16(2, DType.I64),
    I8(1, DType.I64),
    U32(4, DType.I64),
    U16(2, DType.I64),
    U8(1, DType.I64),
    BOOL(1, DType.I64);

    private final int bytes;
    private final DType loadsAs;

    StoredType(int bytes, DType loadsAs) {
        this.bytes = bytes;
        this.loadsAs = loadsAs;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** The tensor type that holds every value exactly: floating types stay, integers and booleans become I64. */
    public DType loadsAs() {
        return loadsAs;
    }

    /** The stored form of a tensor's own type. */
    public static StoredType of(DType dtype) {
        return valueOf(dtype.name());
    }

    /** The type of that name, or null. */
    static @Nullable StoredType named(String name) {
        for (StoredType type : values()) {
            if (type.name().equals(name)) {
                return type;
            }
        }
        return null;
    }
}
