package org.s2d.tensor;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A block of off-heap memory with a reference count. A {@link Scope} holds one reference for as long as it is open; the
 * tape holds one for every value a backward rule still needs. When the last reference goes, the block returns to its
 * {@link Allocator}; it is never left to the garbage collector.
 */
public final class Storage {
    private final MemorySegment segment;
    private final Allocator owner;
    private final AtomicInteger references = new AtomicInteger(1);

    /** Only allocators make storages. */
    public Storage(MemorySegment segment, Allocator owner) {
        this.segment = segment;
        this.owner = owner;
    }

    /** The memory; throws when it was already given back, so that a stale view cannot read another tensor's data. */
    public MemorySegment segment() {
        if (references.get() <= 0) {
            throw new IllegalStateException("tensor used after its scope was closed");
        }
        return segment;
    }

    public long bytes() {
        return segment.byteSize();
    }

    public Storage retain() {
        if (references.getAndIncrement() <= 0) {
            throw new IllegalStateException("tensor retained after its scope was closed");
        }
        return this;
    }

    public void release() {
        int left = references.decrementAndGet();
        if (left == 0) {
            owner.free(segment);
        } else if (left < 0) {
            throw new IllegalStateException("tensor released twice");
        }
    }
}
