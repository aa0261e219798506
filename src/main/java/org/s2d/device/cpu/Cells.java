package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** A tensor's elements as doubles, addressed by their distance from its first element; what scalar references work on. */
final class Cells {
    private final MemorySegment base;
    private final DType type;

    Cells(Tensor tensor) {
        base = tensor.base();
        type = tensor.dtype();
    }

    double get(long at) {
        return switch (type) {
            case F64 -> base.getAtIndex(ValueLayout.JAVA_DOUBLE, at);
            case F32 -> base.getAtIndex(ValueLayout.JAVA_FLOAT, at);
            case BF16 -> DType.fromBf16(base.getAtIndex(ValueLayout.JAVA_SHORT, at));
            case F16 -> Float.float16ToFloat(base.getAtIndex(ValueLayout.JAVA_SHORT, at));
            case I64 -> base.getAtIndex(ValueLayout.JAVA_LONG, at);
            case U8 -> base.get(ValueLayout.JAVA_BYTE, at) & 0xff;
        };
    }

    /** Rounds to the element type. */
    void set(long at, double value) {
        switch (type) {
            case F64 -> base.setAtIndex(ValueLayout.JAVA_DOUBLE, at, value);
            case F32 -> base.setAtIndex(ValueLayout.JAVA_FLOAT, at, (float) value);
            case BF16 -> base.setAtIndex(ValueLayout.JAVA_SHORT, at, DType.toBf16((float) value));
            case F16 -> base.setAtIndex(ValueLayout.JAVA_SHORT, at, Float.floatToFloat16((float) value));
            case I64 -> base.setAtIndex(ValueLayout.JAVA_LONG, at, (long) value);
            case U8 -> base.set(ValueLayout.JAVA_BYTE, at, (byte) value);
        }
    }

    /** {@code values.length} elements from {@code at}, {@code stride} apart. */
    void read(long at, long stride, double[] values) {
        if (type == DType.F32 && stride == 1) {
            for (int i = 0; i < values.length; i++) {
                values[i] = base.get(ValueLayout.JAVA_FLOAT, 4 * at + 4L * i);
            }
            return;
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = get(at + i * stride);
        }
    }

    void write(long at, long stride, double[] values) {
        if (type == DType.F32 && stride == 1) {
            for (int i = 0; i < values.length; i++) {
                base.set(ValueLayout.JAVA_FLOAT, 4 * at + 4L * i, (float) values[i]);
            }
            return;
        }
        for (int i = 0; i < values.length; i++) {
            set(at + i * stride, values[i]);
        }
    }
}
