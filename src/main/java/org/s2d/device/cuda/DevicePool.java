package org.s2d.device.cuda;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.s2d.device.DeviceException;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Storage;

/**
 * Caching allocator of device memory, ordered by one stream: a freed block may be handed out at once, because what is enqueued
 * later on that stream runs later. Blocks are kept by size class, so a step of fixed shape gets the same addresses each time
 * and asks the driver for nothing after the first one. Belongs to the thread that drives the device.
 */
public final class DevicePool implements Allocator, AutoCloseable {
    /** What happens to a block given back. */
    public enum Reuse {
        /** Kept for the next request of its size class. */
        CACHE,
        /** Returned to the driver; every request is an allocation of exactly its size, so that the emulator can guard it. */
        NEVER
    }

    /** In a message. */
    private static final int MOST_OWNERS = 4;

    private final Driver driver;
    private final long stream;
    private final Reuse reuse;
    private final Map<Long, ArrayDeque<Long>> freeBlocks = new HashMap<>();
    /** Blocks of recorded work: they go to nobody else, for a repetition may write to them at any time. */
    private final Map<Long, ArrayDeque<Long>> blocksOfGraphs = new HashMap<>();
    /** Every block that is handed out, by address. */
    private final Map<Long, Block> live = new HashMap<>();

    private boolean forGraphs;
    private int graphs;

    private long reservedBytes;
    private long liveBytes;
    private long peakBytes;
    private long driverAllocations;

    /** Bytes of a block, where it goes when it is free, and what it is for. */
    private record Block(long size, Map<Long, ArrayDeque<Long>> home, String owner) {}

    DevicePool(Driver driver, long stream, Reuse reuse) {
        this.driver = driver;
        this.stream = stream;
        this.reuse = reuse;
    }

    @Override
    public Storage allocate(long bytes) {
        return allocate(bytes, "other tensors");
    }

    @Override
    public Storage allocate(long bytes, String owner) {
        long size = reuse == Reuse.CACHE ? HostPool.sizeClass(bytes) : bytes;
        Map<Long, ArrayDeque<Long>> home = forGraphs ? blocksOfGraphs : freeBlocks;
        ArrayDeque<Long> free = home.get(size);
        Long cached = free == null ? null : free.pollLast();
        long address = cached != null ? cached : reserve(size);
        live.put(address, new Block(size, home, owner));
        liveBytes += size;
        peakBytes = Math.max(peakBytes, liveBytes);
        return Storage.onDevice(address, size, this);
    }

    private long reserve(long size) {
        long address;
        try {
            address = driver.allocate(size);
        } catch (OutOfDeviceMemory first) {
            trim();
            try {
                address = driver.allocate(size);
            } catch (OutOfDeviceMemory second) {
                second.addSuppressed(first);
                throw new DeviceException(outOfMemory(size), second);
            }
        }
        reservedBytes += size;
        driverAllocations++;
        return address;
    }

    private String outOfMemory(long size) {
        Driver.MemoryInfo memory = driver.memory();
        Map<String, Long> owners = new HashMap<>();
        live.values().forEach(block -> owners.merge(block.owner, block.size, Long::sum));
        String largest = owners.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(MOST_OWNERS)
                .map(entry -> entry.getKey() + " " + mebibytes(entry.getValue()))
                .collect(Collectors.joining(", "));
        return "%s: out of memory: asked for %s, free %s of %s. In use: %s, %s in all. Lower the batch size or the frames of a clip, set train.micro_batch, or compute in bf16."
                .formatted(
                        driver.name(),
                        mebibytes(size),
                        mebibytes(memory.free()),
                        mebibytes(memory.total()),
                        largest.isEmpty() ? "nothing" : largest,
                        mebibytes(liveBytes));
    }

    private static String mebibytes(long bytes) {
        return "%.1f MiB".formatted(bytes / 0x1p20);
    }

    @Override
    public void free(MemorySegment segment) {
        Block block = live.remove(segment.address());
        if (block == null) {
            throw new IllegalStateException("block does not belong to this pool");
        }
        liveBytes -= block.size;
        if (reuse == Reuse.CACHE) {
            block.home.computeIfAbsent(block.size, key -> new ArrayDeque<>()).addLast(segment.address());
        } else {
            reservedBytes -= block.size;
            driver.free(segment.address(), stream);
        }
    }

    /** Whether blocks are kept, so that the same requests get the same addresses. */
    boolean keepsBlocks() {
        return reuse == Reuse.CACHE;
    }

    /** One more piece of work that may be recorded. */
    void addGraph() {
        graphs++;
    }

    /** One less; after the last one its blocks are for all. */
    void removeGraph() {
        graphs--;
        if (graphs == 0) {
            blocksOfGraphs.forEach((size, blocks) ->
                    freeBlocks.computeIfAbsent(size, key -> new ArrayDeque<>()).addAll(blocks));
            blocksOfGraphs.clear();
        }
    }

    /** From now on requests are those of work that is being rehearsed or recorded, or no longer. */
    void useBlocksOfGraphs(boolean use) {
        if (use && blocksOfGraphs.isEmpty()) {
            trim(); // else the work's memory would be there twice
        }
        forGraphs = use;
    }

    /** Returns all cached blocks to the driver, but for those of graphs. */
    public void trim() {
        driver.synchronize(stream);
        freeBlocks.forEach((size, blocks) -> {
            reservedBytes -= size * blocks.size();
            blocks.forEach(driver::free);
        });
        freeBlocks.clear();
    }

    /** Bytes handed out now. */
    public long liveBytes() {
        return liveBytes;
    }

    /** Most bytes ever handed out at once. */
    public long peakBytes() {
        return peakBytes;
    }

    /** Bytes taken from the driver. */
    public long reservedBytes() {
        return reservedBytes;
    }

    /** How often the driver was asked for memory; constant after warm-up when blocks are cached. */
    public long driverAllocations() {
        return driverAllocations;
    }

    /** Storages not yet released. */
    public int liveBlocks() {
        return live.size();
    }

    /** Gives everything back; throws when a storage is still in use. */
    @Override
    public void close() {
        trim();
        int leaked = live.size();
        long bytes = liveBytes;
        live.keySet().forEach(driver::free);
        live.clear();
        if (leaked != 0) {
            throw new IllegalStateException(
                    "memory leak: " + leaked + " storages (" + bytes + " bytes) never released");
        }
    }
}
