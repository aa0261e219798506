package org.s2d.tensor;

import java.lang.foreign.MemorySegment;

/** Where storages come from and return to; one per device. */
public interface Allocator {
    /** A block of at least {@code bytes} bytes, aligned to 64, whose content is undefined. */
    Storage allocate(long bytes);

    /** As above; {@code owner} says, in messages for people, what the memory is for: "activations". */
    default Storage allocate(long bytes, String owner) {
        return allocate(bytes);
    }

    /** Called by {@link Storage#release} when the last reference went; of device memory the segment tells the address alone. */
    void free(MemorySegment segment);
}
