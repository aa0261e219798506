package org.s2d.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Tensor;

/**
 * The arguments of one launch at a time, in the form the driver wants: an array of pointers to the values. Made once and used
 * for every launch, so that a launch allocates nothing:
 *
 * <pre>{@code
 * context.launch(kernel, launch, context.arguments().pointer(out).pointer(in).int64(count).float32(scale));
 * }</pre>
 *
 * The order and types are those of the entry point's parameters; the emulator compares their sizes with its signature.
 */
public final class Arguments {
    private static final int MAX_COUNT = 48;
    private static final int VALUE_BYTES = 4096; // what CUDA allows a kernel

    private final MemorySegment values;
    private final MemorySegment pointers;
    private final MemorySegment sizes;
    private final boolean[] strict = new boolean[MAX_COUNT];
    private int count;
    private int used;

    Arguments(Arena arena) {
        values = arena.allocate(VALUE_BYTES, 16);
        pointers = arena.allocate(ValueLayout.ADDRESS, MAX_COUNT);
        sizes = arena.allocate(ValueLayout.JAVA_INT, MAX_COUNT);
    }

    /** Forgets the last launch's. */
    Arguments clear() {
        count = 0;
        used = 0;
        return this;
    }

    private int add(int bytes, int alignment, boolean pointer) {
        int at = Math.ceilDiv(used, alignment) * alignment;
        if (count == MAX_COUNT || at + bytes > VALUE_BYTES) {
            throw new IllegalStateException("too many kernel arguments");
        }
        pointers.setAtIndex(ValueLayout.JAVA_LONG, count, values.address() + at);
        sizes.setAtIndex(ValueLayout.JAVA_INT, count, bytes);
        strict[count++] = pointer;
        used = at + bytes;
        return at;
    }

    /** An address that the contract wants aligned; 0 for none. */
    public Arguments pointer(long address) {
        values.set(ValueLayout.JAVA_LONG, add(Long.BYTES, Long.BYTES, true), address);
        return this;
    }

    /** The address of a tensor's first element, or none: that of an empty view may be the end of its buffer. */
    public Arguments pointer(@Nullable Tensor tensor) {
        return pointer(addressOf(tensor));
    }

    /** An address that need only fit its element type: the kernel loads element by element there. */
    public Arguments elements(long address) {
        values.set(ValueLayout.JAVA_LONG, add(Long.BYTES, Long.BYTES, false), address);
        return this;
    }

    /** As {@link #elements(long)}. */
    public Arguments elements(@Nullable Tensor tensor) {
        return elements(addressOf(tensor));
    }

    private static long addressOf(@Nullable Tensor tensor) {
        return tensor == null || tensor.numel() == 0 ? 0 : tensor.address();
    }

    public Arguments int32(int value) {
        values.set(ValueLayout.JAVA_INT, add(Integer.BYTES, Integer.BYTES, false), value);
        return this;
    }

    public Arguments int64(long value) {
        values.set(ValueLayout.JAVA_LONG, add(Long.BYTES, Long.BYTES, false), value);
        return this;
    }

    public Arguments float32(double value) {
        values.set(ValueLayout.JAVA_FLOAT, add(Float.BYTES, Float.BYTES, false), (float) value);
        return this;
    }

    public Arguments float64(double value) {
        values.set(ValueLayout.JAVA_DOUBLE, add(Double.BYTES, Double.BYTES, false), value);
        return this;
    }

    /** Room for a structure passed by value, zeroed, to be filled with {@link #setInt}, {@link #setLong} and {@link #setFloat}. */
    int structure(int bytes) {
        int at = add(bytes, Long.BYTES, false);
        values.asSlice(at, bytes).fill((byte) 0);
        return at;
    }

    void setInt(int at, int value) {
        values.set(ValueLayout.JAVA_INT, at, value);
    }

    void setLong(int at, long value) {
        values.set(ValueLayout.JAVA_LONG, at, value);
    }

    void setFloat(int at, float value) {
        values.set(ValueLayout.JAVA_FLOAT, at, value);
    }

    int count() {
        return count;
    }

    /** {@code void *[count]}, as the driver's launch functions take them. */
    MemorySegment pointers() {
        return pointers;
    }

    /** {@code int[count]}, in bytes. */
    MemorySegment sizes() {
        return sizes;
    }

    /** The first {@link #pointer} argument that is not a multiple of {@code alignment}; -1 when all are. */
    int misaligned(int alignment) {
        for (int i = 0; i < count; i++) {
            if (strict[i] && (value(i) & (alignment - 1)) != 0) {
                return i;
            }
        }
        return -1;
    }

    private long value(int index) {
        long offset = pointers.getAtIndex(ValueLayout.JAVA_LONG, index) - values.address();
        return values.get(ValueLayout.JAVA_LONG, offset);
    }
}
