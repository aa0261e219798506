package org.s2d.tensor;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A block of off-heap memory, of the host or of a device, with a reference count. A {@link Scope} holds one reference for as long as it is open; the
 * tape holds one for every value a backward rule still needs. When the last reference goes, the block returns to its
 * {@link Allocator}; it is never left to the garbage collector.
 */
public final class Storage {
    private final MemorySegment segment;
    private final long bytes;
    private final boolean host;
    private final Allocator owner;
    private final AtomicInteger references = new AtomicInteger(1);

    private Storage(MemorySegment segment, long bytes, boolean host, Allocator owner) {
        this.segment = segment;
        this.bytes = bytes;
        this.host = host;
        this.owner = owner;
    }

    /** Host memory. Only allocators make storages. */
    public Storage(MemorySegment segment, Allocator owner) {
        this(segment, segment.byteSize(), true, owner);
    }

    /** Device memory, which the host can name but not touch: its segment is empty. Only allocators make storages. */
    public static Storage onDevice(long address, long bytes, Allocator owner) {
        return new Storage(MemorySegment.ofAddress(address), bytes, false, owner);
    }

    /** The memory; throws when it was already given back, so that a stale view cannot read another tensor's data. */
    public MemorySegment segment() {
        requireAlive();
        if (!host) {
            throw new IllegalStateException("tensor of a device used on the host; download it first");
        }
        return segment;
    }

    /** Where the memory begins, in the address space of its device; throws as {@link #segment} does. */
    public long address() {
        requireAlive();
        return segment.address();
    }

    /** False for memory of a device. */
    public boolean isHost() {
        return host;
    }

    private void requireAlive() {
        if (references.get() <= 0) {
            throw new IllegalStateException("tensor used after its scope was closed");
        }
    }

    public long bytes() {
        return bytes;
    }

    /** Whether several hold it. */
    public boolean isShared() {
        return references.get() > 1;
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
