package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Tensor;

/**
 * Where a random operation's numbers begin: {@code offset}, plus what lies in {@code base}. Work that is recorded once and
 * repeated keeps its offsets; what changes from one repetition to the next is in the memory of the device.
 *
 * @param base one I64 on the device of the operation; null for 0
 */
public record Seed(@Nullable Tensor base, long offset) {
    private static final long SPREAD = 0x9E3779B97F4A7C15L;

    /** A seed known to the host. */
    public static Seed of(long value) {
        return new Seed(null, value);
    }

    /**
     * The start of a series of seeds, far from those of neighbouring numbers. Starts add up as their numbers do: {@code spread(a + b) =
     * spread(a) + spread(b)}.
     */
    public static long spread(long number) {
        return number * SPREAD;
    }

    public Seed plus(long count) {
        return new Seed(base, offset + count);
    }

    /** The number, where the base lies in host memory. */
    public long value() {
        return base == null ? offset : offset + base.getLong(0);
    }
}
