package org.s2d.check.conformance;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Set;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.Storage;

/**
 * Every storage between two guard regions, poisoned (NaN in every floating type) when handed out and again when given back,
 * never reused. {@link #close} throws when a guard was written or a storage is still held.
 */
final class GuardedAllocator implements Allocator, AutoCloseable {
    private static final long GUARD_BYTES = 512;
    private static final byte GUARD = (byte) 0xA5;

    private final Arena arena = Arena.ofShared();
    private final Set<MemorySegment> blocks = new HashSet<>();
    private int live;

    @Override
    public synchronized Storage allocate(long bytes) {
        MemorySegment block = arena.allocate(bytes + 2 * GUARD_BYTES, 64);
        block.fill(GUARD);
        MemorySegment inner = block.asSlice(GUARD_BYTES, bytes);
        inner.fill((byte) 0xff);
        blocks.add(block);
        live++;
        return new Storage(inner, this);
    }

    @Override
    public synchronized void free(MemorySegment segment) {
        segment.fill((byte) 0xff);
        live--;
    }

    /** Storages not yet released. */
    synchronized int live() {
        return live;
    }

    @Override
    public synchronized void close() {
        try {
            for (MemorySegment block : blocks) {
                check(block);
            }
            if (live != 0) {
                throw new AssertionError(live + " storages never released");
            }
        } finally {
            arena.close();
        }
    }

    private static void check(MemorySegment block) {
        long end = block.byteSize();
        for (long i = 0; i < GUARD_BYTES; i++) {
            if (block.get(ValueLayout.JAVA_BYTE, i) != GUARD) {
                throw new AssertionError("wrote " + (GUARD_BYTES - i) + " bytes before a tensor of "
                        + (end - 2 * GUARD_BYTES) + " bytes");
            }
            if (block.get(ValueLayout.JAVA_BYTE, end - 1 - i) != GUARD) {
                throw new AssertionError("wrote up to " + (GUARD_BYTES - i) + " bytes after a tensor of "
                        + (end - 2 * GUARD_BYTES) + " bytes");
            }
        }
    }
}
