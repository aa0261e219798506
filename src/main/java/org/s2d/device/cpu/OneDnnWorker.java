package org.s2d.device.cpu;

import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** What one worker needs to run primitives: a stream and buffers that grow to the largest size asked for. */
final class OneDnnWorker implements AutoCloseable {
    private final OneDnnLibrary library;
    private final OneDnnObjects objects;
    private final long stream;
    private final Buffer scratchpad = new Buffer();
    private final Buffer panel = new Buffer();
    private final int index;
    private @Nullable Thread limited;

    OneDnnWorker(OneDnnLibrary library, int index) {
        this.library = library;
        this.index = index;
        objects = new OneDnnObjects(library);
        stream = objects.create("stream", library.engine(), 0);
    }

    int index() {
        return index;
    }

    long stream() {
        return stream;
    }

    /** To be called first by whoever acts as this worker; worker 0 is a different thread for every caller. */
    void enter() {
        if (limited != Thread.currentThread()) {
            library.limitThisThread();
            limited = Thread.currentThread();
        }
    }

    /** Address of the working memory of a primitive. */
    long scratchpad(long bytes) {
        return scratchpad.address(bytes);
    }

    /** Address of the memory that holds a packed part of a right operand. */
    long panel(long bytes) {
        return panel.address(bytes);
    }

    @Override
    public void close() {
        scratchpad.release();
        panel.release();
        objects.close();
    }

    private static final class Buffer {
        private @Nullable Arena arena;
        private long size;
        private long address;

        long address(long bytes) {
            if (bytes > size) {
                release();
                Arena next = Arena.ofShared(); // a later caller, another thread, may release it
                long rounded = Math.max(1 << 16, bytes + bytes / 4);
                address = next.allocate(rounded, 4096).address();
                size = rounded;
                arena = next;
            }
            return address;
        }

        void release() {
            if (arena != null) {
                arena.close();
                arena = null;
                size = 0;
            }
        }
    }
}
