package org.s2d.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.s2d.tensor.DType;

/**
 * Copies a stored tensor row-major to memory: in bulk where the bytes already are as wanted, else element by element
 * with conversion.
 */
final class ElementCopy {
    private static final ByteOrder LITTLE = ByteOrder.LITTLE_ENDIAN;

    private final StoredTensor from;
    private final MemorySegment source;
    private final MemorySegment target;
    private final ValueLayout.OfShort sourceShort;
    private final ValueLayout.OfInt sourceInt;
    private final ValueLayout.OfLong sourceLong;

    /** Moves one run of elements: source byte offset, source byte step, target element, count. */
    private interface Run {
        void copy(long at, long step, long to, long count);
    }

    ElementCopy(StoredTensor from, MemorySegment target) {
        this.from = from;
        this.source = from.numel() == 0 ? MemorySegment.NULL : from.storage().get();
        this.target = target;
        this.sourceShort = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(from.order());
        this.sourceInt = ValueLayout.JAVA_INT_UNALIGNED.withOrder(from.order());
        this.sourceLong = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(from.order());
    }

    /** Writes elements of the tensor's own type, little-endian. */
    void keepType() {
        int bytes = from.type().bytes();
        boolean plain = from.order() == LITTLE || bytes == 1;
        forEachRun((at, step, to, count) -> {
            if (plain && step == bytes) {
                MemorySegment.copy(source, at, target, to * bytes, count * bytes);
            } else {
                for (long i = 0; i < count; i++) {
                    copyBits(bytes, at + i * step, (to + i) * bytes);
                }
            }
        });
    }

    private void copyBits(int bytes, long at, long to) {
        switch (bytes) {
            case 1 -> target.set(ValueLayout.JAVA_BYTE, to, source.get(ValueLayout.JAVA_BYTE, at));
            case 2 -> target.set(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(LITTLE), to, source.get(sourceShort, at));
            case 4 -> target.set(ValueLayout.JAVA_INT_UNALIGNED.withOrder(LITTLE), to, source.get(sourceInt, at));
            default -> target.set(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(LITTLE), to, source.get(sourceLong, at));
        }
    }

    /** Writes elements of another type, in the machine's order. Integers reach I64 exactly. */
    void convert(DType wanted) {
        if (wanted.name().equals(from.type().name()) && ByteOrder.nativeOrder() == LITTLE) {
            keepType();
            return;
        }
        switch (wanted) {
            case I64 -> eachElement((at, to) -> target.set(ValueLayout.JAVA_LONG, to * 8, longAt(at)));
            case F64 -> eachElement((at, to) -> target.set(ValueLayout.JAVA_DOUBLE, to * 8, doubleAt(at)));
            case F32 -> eachElement((at, to) -> target.set(ValueLayout.JAVA_FLOAT, to * 4, (float) doubleAt(at)));
            case BF16 ->
                eachElement((at, to) -> target.set(ValueLayout.JAVA_SHORT, to * 2, DType.toBf16((float) doubleAt(at))));
            case F16 ->
                eachElement((at, to) ->
                        target.set(ValueLayout.JAVA_SHORT, to * 2, Float.floatToFloat16((float) doubleAt(at))));
            case U8 -> throw new IllegalArgumentException(from.type() + " is not loaded as U8");
        }
    }

    /** The first element as a Java number or boolean. */
    Object first() {
        long at = from.offset() * from.type().bytes();
        if (from.type().loadsAs() == DType.I64) {
            return from.type() == StoredType.BOOL ? (Object) (longAt(at) != 0) : (Object) longAt(at);
        }
        return doubleAt(at);
    }

    private interface Element {
        void copy(long at, long to);
    }

    private void eachElement(Element element) {
        forEachRun((at, step, to, count) -> {
            for (long i = 0; i < count; i++) {
                element.copy(at + i * step, to + i);
            }
        });
    }

    private long longAt(long at) {
        return switch (from.type()) {
            case I64 -> source.get(sourceLong, at);
            case I32 -> source.get(sourceInt, at);
            case U32 -> source.get(sourceInt, at) & 0xffffffffL;
            case I16 -> source.get(sourceShort, at);
            case U16 -> source.get(sourceShort, at) & 0xffff;
            case I8 -> source.get(ValueLayout.JAVA_BYTE, at);
            case U8 -> source.get(ValueLayout.JAVA_BYTE, at) & 0xff;
            case BOOL -> source.get(ValueLayout.JAVA_BYTE, at) == 0 ? 0 : 1;
            case F64, F32, F16, BF16 -> (long) doubleAt(at);
        };
    }

    private double doubleAt(long at) {
        return switch (from.type()) {
            case F64 -> Double.longBitsToDouble(source.get(sourceLong, at));
            case F32 -> Float.intBitsToFloat(source.get(sourceInt, at));
            case F16 -> Float.float16ToFloat(source.get(sourceShort, at));
            case BF16 -> DType.fromBf16(source.get(sourceShort, at));
            case I64, I32, I16, I8, U32, U16, U8, BOOL -> longAt(at);
        };
    }

    private void forEachRun(Run run) {
        long bytes = from.type().bytes();
        if (from.numel() == 0) {
            return;
        }
        if (from.isContiguous()) {
            run.copy(from.offset() * bytes, bytes, 0, from.numel());
            return;
        }
        int last = from.shape().rank() - 1; // a scalar is contiguous, so there is a last dimension
        int length = from.shape().dim(last);
        int[] index = new int[last];
        long position = from.offset();
        for (long done = 0; done < from.numel(); done += length) {
            run.copy(position * bytes, from.stride(last) * bytes, done, length);
            for (int d = last - 1; d >= 0; d--) {
                position += from.stride(d);
                if (++index[d] < from.shape().dim(d)) {
                    break;
                }
                position -= from.stride(d) * index[d];
                index[d] = 0;
            }
        }
    }
}
