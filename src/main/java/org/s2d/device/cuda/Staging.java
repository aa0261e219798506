package org.s2d.device.cuda;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Storage;
import org.s2d.tensor.Tensor;

/**
 * Copies between host tensors and device memory through two pinned buffers in turn: the host fills one while the device reads
 * the other. Uploads return when the host tensor has been read, downloads when it has been written.
 */
final class Staging implements AutoCloseable {
    private static final int BUFFER_BYTES = 4 << 20;

    private final CudaContext context;
    private final Driver driver;
    private final long stream;
    private final Buffer[] buffers = new Buffer[2];
    private int turn;

    /** A pinned buffer and the event after which the device is done with it. */
    private record Buffer(MemorySegment memory, long event) {}

    /** Copies on a stream that is the caller's to destroy. */
    Staging(CudaContext context, long stream) {
        this.context = context;
        driver = context.driver();
        this.stream = stream;
    }

    /** Writes all elements of {@code host}, converted to {@code type}, in row-major order from {@code address} on. */
    void upload(long address, DType type, Tensor host) {
        long chunk = BUFFER_BYTES / type.bytes();
        for (long start = 0; start < host.numel(); start += chunk) {
            int count = (int) Math.min(chunk, host.numel() - start);
            Buffer buffer = next();
            driver.synchronizeEvent(buffer.event);
            MemorySegment staged = buffer.memory.asSlice(0, (long) count * type.bytes());
            if (host.dtype() == type && host.isContiguous()) {
                staged.copyFrom(host.data().asSlice(start * type.bytes(), staged.byteSize()));
            } else {
                convert(view(staged, type, count), 0, host, start, count);
            }
            driver.copyToDevice(address + start * type.bytes(), staged, stream);
            driver.record(buffer.event, stream);
        }
    }

    /** Writes bytes from {@code address} on. */
    void upload(long address, MemorySegment bytes) {
        for (long start = 0; start < bytes.byteSize(); start += BUFFER_BYTES) {
            long count = Math.min(BUFFER_BYTES, bytes.byteSize() - start);
            Buffer buffer = next();
            driver.synchronizeEvent(buffer.event);
            MemorySegment staged = buffer.memory.asSlice(0, count).copyFrom(bytes.asSlice(start, count));
            driver.copyToDevice(address + start, staged, stream);
            driver.record(buffer.event, stream);
        }
    }

    /** Lets what is enqueued on another stream from now on run after the copies so far. */
    void precede(long other) {
        driver.await(other, buffers[turn].event);
    }

    /** The reverse of {@link #upload}. */
    void download(Tensor host, long address, DType type) {
        long chunk = BUFFER_BYTES / type.bytes();
        for (long start = 0; start < host.numel(); start += chunk) {
            int count = (int) Math.min(chunk, host.numel() - start);
            Buffer buffer = next();
            driver.synchronizeEvent(buffer.event);
            MemorySegment staged = buffer.memory.asSlice(0, (long) count * type.bytes());
            driver.copyToHost(staged, address + start * type.bytes(), stream);
            driver.synchronize(stream);
            if (host.dtype() == type && host.isContiguous()) {
                host.data().asSlice(start * type.bytes(), staged.byteSize()).copyFrom(staged);
            } else {
                convert(host, start, view(staged, type, count), 0, count);
            }
        }
    }

    private static void convert(Tensor to, long toStart, Tensor from, long fromStart, int count) {
        for (int i = 0; i < count; i++) {
            if (to.dtype() == DType.I64) {
                to.setLong(toStart + i, from.getLong(fromStart + i));
            } else {
                to.setDouble(toStart + i, from.getDouble(fromStart + i));
            }
        }
    }

    static Tensor view(MemorySegment memory, DType type, int count) {
        return Tensor.contiguous(new Storage(memory, NOBODY), type, Shape.of(count));
    }

    /** The staged views are never released. */
    private static final Allocator NOBODY = new Allocator() {
        @Override
        public Storage allocate(long bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void free(MemorySegment segment) {
            throw new UnsupportedOperationException();
        }
    };

    private Buffer next() {
        if (context.isRecording()) {
            throw new DeviceException(
                    "it copies between host and device, which would be repeated with these same values");
        }
        turn ^= 1;
        @Nullable Buffer buffer = buffers[turn];
        if (buffer == null) {
            buffer = new Buffer(driver.allocateHost(BUFFER_BYTES), driver.createEvent());
            driver.record(buffer.event, stream);
            buffers[turn] = buffer;
        }
        return buffer;
    }

    @Override
    public void close() {
        for (@Nullable Buffer buffer : buffers) {
            if (buffer != null) {
                driver.synchronizeEvent(buffer.event);
                driver.destroyEvent(buffer.event);
                driver.freeHost(buffer.memory);
            }
        }
    }
}
