package org.s2d.check.conformance;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import org.s2d.device.cuda.CudaContext;
import org.s2d.device.cuda.Driver;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.Storage;

/**
 * {@link GuardedAllocator} for memory that the host cannot touch: every storage of the device's pool between two guard regions, its content
 * NaN when handed out. {@link #close} throws when a guard was written or a storage is still held. Storages return to the pool only
 * then, so that a late write is seen too.
 */
final class GuardedDeviceMemory implements Allocator, AutoCloseable {
    private static final int GUARD_BYTES = 512;
    private static final byte GUARD = (byte) 0xA5;

    private final CudaContext context;
    /** By the address that was handed out. */
    private final Map<Long, Block> blocks = new HashMap<>();

    private int live;

    private record Block(Storage whole, long bytes) {}

    GuardedDeviceMemory(CudaContext context) {
        this.context = context;
    }

    @Override
    public Storage allocate(long bytes) {
        Storage whole = context.pool().allocate(bytes + 2 * GUARD_BYTES);
        Driver driver = context.driver();
        long start = whole.address() + GUARD_BYTES;
        driver.fill(whole.address(), GUARD, bytes + 2 * GUARD_BYTES, context.stream());
        if (bytes > 0) {
            driver.fill(start, (byte) 0xff, bytes, context.stream());
        }
        blocks.put(start, new Block(whole, bytes));
        live++;
        return Storage.onDevice(start, bytes, this);
    }

    @Override
    public void free(MemorySegment segment) {
        live--;
    }

    @Override
    public void close() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment guards = arena.allocate(2 * GUARD_BYTES);
            for (Block block : blocks.values()) {
                check(block, guards);
            }
            if (live != 0) {
                throw new AssertionError(live + " storages never released");
            }
        } finally {
            blocks.values().forEach(block -> block.whole().release());
            blocks.clear();
        }
    }

    private void check(Block block, MemorySegment guards) {
        long start = block.whole().address();
        Driver driver = context.driver();
        driver.copyToHost(guards.asSlice(0, GUARD_BYTES), start, context.stream());
        driver.copyToHost(
                guards.asSlice(GUARD_BYTES, GUARD_BYTES), start + GUARD_BYTES + block.bytes(), context.stream());
        driver.synchronize(context.stream());
        for (int i = 0; i < 2 * GUARD_BYTES; i++) {
            if (guards.get(ValueLayout.JAVA_BYTE, i) != GUARD) {
                String where =
                        i < GUARD_BYTES ? (GUARD_BYTES - i) + " bytes before" : (i - GUARD_BYTES) + " bytes after";
                throw new AssertionError("wrote " + where + " a tensor of " + block.bytes() + " bytes");
            }
        }
    }
}
