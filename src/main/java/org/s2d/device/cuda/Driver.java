package org.s2d.device.cuda;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * The small part of the CUDA driver API that the backend uses; one implementation calls the real driver, the other the
 * emulator. Streams, events, modules, functions, graphs and device memory are opaque numbers; 0 is none of them, except that
 * stream 0 is the default stream. A driver belongs to one thread. Every method throws {@link
 * org.s2d.device.DeviceException} with one line that says what failed; work on a stream may fail later, where the host waits
 * for it.
 */
public interface Driver extends AutoCloseable {
    /** {@code cuda} or {@code emulator}. */
    String name();

    DeviceProperties properties();

    /** Bytes of device memory that are free and that exist. */
    record MemoryInfo(long free, long total) {}

    MemoryInfo memory();

    // Memory. Addresses are aligned to 256 bytes.

    /** Throws {@link OutOfDeviceMemory} when the device has not that much. */
    long allocate(long bytes);

    /** Waits for all work of the device first. */
    void free(long address);

    /** Gives memory back once everything enqueued on the stream so far has run. */
    default void free(long address, long stream) {
        synchronize(stream);
        free(address);
    }

    /** Pinned host memory: copies from and to it overlap with computing. Lives until {@link #freeHost}. */
    MemorySegment allocateHost(long bytes);

    void freeHost(MemorySegment memory);

    void fill(long address, byte value, long bytes, long stream);

    /** A pinned source must stay unchanged until the stream got there; any other is read before this returns. */
    void copyToDevice(long to, MemorySegment from, long stream);

    /** The target holds the values once the host waited for the stream. */
    void copyToHost(MemorySegment to, long from, long stream);

    void copyOnDevice(long to, long from, long bytes, long stream);

    // Streams and events

    long createStream();

    void destroyStream(long stream);

    /** Waits until everything enqueued on the stream has run. */
    void synchronize(long stream);

    long createEvent();

    void destroyEvent(long event);

    /** The event happens when the stream has run everything enqueued so far. */
    void record(long event, long stream);

    /** What is enqueued on the stream from now on runs after the event. */
    void await(long stream, long event);

    boolean hasHappened(long event);

    /** Waits for an event that was recorded. */
    void synchronizeEvent(long event);

    /** Time between two events that have happened. */
    float milliseconds(long from, long to);

    // Kernels

    /** Loads what {@link KernelImages} found for this driver: compiled code, or the emulator's library. */
    long loadModule(Path image);

    void unloadModule(long module);

    /** An entry point by its name. */
    long function(long module, String name);

    /** Allows a function that much dynamic shared memory per block. */
    void allowSharedBytes(long function, int bytes);

    /** Enqueues a kernel whose contract was checked; the arguments are copied before this returns. */
    void launch(Kernel kernel, Launch launch, Arguments arguments, long stream);

    // Graphs: what is enqueued between begin and end is recorded instead of run.

    void beginCapture(long stream);

    long endCapture(long stream);

    long instantiate(long graph);

    void launchGraph(long executable, long stream);

    void destroyGraph(long graph);

    void destroyExecutable(long executable);

    /** Gives everything back; the emulator throws when memory, streams, events or graphs were leaked. */
    @Override
    void close();
}
