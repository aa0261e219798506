package org.s2d.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * Caching allocator of host memory: freed blocks are kept by size class and handed out again, so that a training step of
 * fixed shape asks the system for nothing after the first one. Thread-safe. {@link #close} gives everything back and
 * throws when a storage is still in use.
 */
public final class HostPool implements Allocator, AutoCloseable {
    /** What a block holds when handed out: whatever was there, or NaN bytes so that tests see unwritten outputs. */
    public enum Fill {
        UNDEFINED,
        POISON
    }

    private static final long ALIGNMENT = 64;

    private final Fill fill;
    private final Map<Long, ArrayDeque<MemorySegment>> freeBlocks = new HashMap<>();
    private final Arena arena = Arena.ofShared();
    private long reservedBytes;
    private long liveBytes;
    private long peakBytes;
    private int liveBlocks;
    private long systemAllocations;

    public HostPool() {
        this(Fill.UNDEFINED);
    }

    public HostPool(Fill fill) {
        this.fill = fill;
    }

    @Override
    public synchronized Storage allocate(long bytes) {
        long size = sizeClass(bytes);
        ArrayDeque<MemorySegment> free = freeBlocks.get(size);
        MemorySegment block = free == null ? null : free.pollLast();
        if (block == null) {
            block = arena.allocate(size, ALIGNMENT);
            reservedBytes += size;
            systemAllocations++;
        }
        if (fill == Fill.POISON) {
            block.fill((byte) 0xff);
        }
        liveBlocks++;
        liveBytes += size;
        peakBytes = Math.max(peakBytes, liveBytes);
        return new Storage(block, this);
    }

    @Override
    public synchronized void free(MemorySegment segment) {
        liveBlocks--;
        liveBytes -= segment.byteSize();
        freeBlocks
                .computeIfAbsent(segment.byteSize(), size -> new ArrayDeque<>())
                .addLast(segment);
    }

    /** Sixteen classes per power of two: at most a sixteenth of a large block is wasted. */
    public static long sizeClass(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException("negative size " + bytes);
        }
        long size = Math.max(bytes, 256);
        long step = Math.max(ALIGNMENT, Long.highestOneBit(size - 1) / 16);
        return Math.multiplyExact(Math.ceilDiv(size, step), step);
    }

    /** Bytes handed out now. */
    public synchronized long liveBytes() {
        return liveBytes;
    }

    /** Most bytes ever handed out at once. */
    public synchronized long peakBytes() {
        return peakBytes;
    }

    /** Bytes taken from the system. */
    public synchronized long reservedBytes() {
        return reservedBytes;
    }

    /** How often the system was asked for memory; constant after warm-up. */
    public synchronized long systemAllocations() {
        return systemAllocations;
    }

    /** Storages not yet released. */
    public synchronized int liveBlocks() {
        return liveBlocks;
    }

    @Override
    public synchronized void close() {
        int leaked = liveBlocks;
        long bytes = liveBytes;
        freeBlocks.clear();
        arena.close();
        if (leaked != 0) {
            throw new IllegalStateException(
                    "memory leak: " + leaked + " storages (" + bytes + " bytes) never released");
        }
    }
}
