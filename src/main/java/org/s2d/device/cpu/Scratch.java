package org.s2d.device.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Working memory of the vector kernels: for every worker a few numbered segments, which grow when a longer row comes and are
 * then used again and again. A worker touches only its own.
 */
final class Scratch implements AutoCloseable {
    private static final int SLOTS = 6;
    private static final long FIRST_BYTES = 16 << 10;

    private final Arena arena = Arena.ofShared();
    private final MemorySegment[][] segments;

    Scratch(int workers) {
        segments = new MemorySegment[workers][SLOTS];
        for (MemorySegment[] own : segments) {
            for (int slot = 0; slot < SLOTS; slot++) {
                own[slot] = arena.allocate(FIRST_BYTES, 64);
            }
        }
    }

    /** At least {@code bytes} bytes with the content of the last use. */
    MemorySegment get(int worker, int slot, long bytes) {
        MemorySegment segment = segments[worker][slot];
        if (segment.byteSize() < bytes) {
            segment = arena.allocate(Long.highestOneBit(bytes - 1) * 2, 64);
            segments[worker][slot] = segment;
        }
        return segment;
    }

    @Override
    public void close() {
        arena.close();
    }
}
