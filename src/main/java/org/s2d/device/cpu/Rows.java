package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/**
 * A tensor's rows as one worker's kernel sees them: contiguous F32 at {@link #segment}, {@link #at}. Rows that are so already
 * are used where they lie; others pass through the worker's scratch memory.
 */
final class Rows {
    private final DType type;
    private final MemorySegment base;
    private final long stride;
    private final MemorySegment staging;
    private final boolean direct;
    private long position;

    /** Where the current row starts. */
    MemorySegment segment;

    /** Byte offset of the current row in {@link #segment}. */
    long at;

    /** {@code longest} is the greatest number of elements of a row. */
    Rows(Tensor tensor, long stride, Scratch scratch, int worker, int slot, int longest) {
        type = tensor.dtype();
        base = tensor.base();
        this.stride = stride;
        direct = type == DType.F32 && (stride == 1 || longest == 1);
        staging = direct ? base : scratch.get(worker, slot, 4L * longest);
        segment = staging;
    }

    /** Moves to the row of {@code n} elements from element {@code position} and reads it. */
    void read(long position, int n) {
        locate(position);
        if (!direct) {
            Lanes.widen(type, base, position, stride, staging, 0, n);
        }
    }

    /** Moves to a row that will be written. */
    void locate(long position) {
        this.position = position;
        at = direct ? 4 * position : 0;
    }

    /** Hands over what was written to the current row. */
    void write(int n) {
        if (!direct) {
            Lanes.narrow(staging, 0, type, base, position, stride, n);
        }
    }
}
