package org.s2d.weights;

import java.lang.foreign.MemorySegment;

/** The bytes of a storage in a file: mapped, or inflated or checked when first asked for. */
interface StoredBytes {
    long size();

    /** The bytes; throws {@link org.s2d.tensor.UserException} when they are damaged. */
    MemorySegment get();

    static StoredBytes of(MemorySegment segment) {
        return new StoredBytes() {
            @Override
            public long size() {
                return segment.byteSize();
            }

            @Override
            public MemorySegment get() {
                return segment;
            }
        };
    }
}
