package org.s2d.weights;

import java.nio.ByteOrder;

/** A tensor storage that a pickle refers to: {@code numel} elements that start {@code offset} elements into the bytes. */
record PickleStorage(StoredType type, long offset, long numel, ByteOrder order, StoredBytes bytes) {
    /** Finds the storages of one file. */
    interface Source {
        /** The storage of that key with {@code numel} elements; throws when the file cannot hold it. */
        PickleStorage find(StoredType type, String key, long numel);
    }
}
