package org.s2d.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * The driver interface on the emulator: kernels run on the host, each CUDA thread a fiber, and every launch is checked for
 * races, stray accesses and wrong synchronisation. Memory is host memory with guards around every allocation.
 */
public final class EmulatorDriver implements Driver {
    /** When enqueued work runs. */
    public enum Execution {
        /** At once, so that an error's stack trace shows the launch. */
        IMMEDIATE(0),
        /** When the host waits for it, so that a missing wait shows. */
        DEFERRED(1);

        private final int option;

        Execution(int option) {
            this.option = option;
        }
    }

    /** Which launches run a second time with blocks and threads in another order; the results must be the same bits. */
    public enum SecondRuns {
        /** Every launch: what tests of kernels want. */
        ALL(0),
        /** The first of each kernel and geometry, and some of the others: whole models in half the time. */
        SAMPLED(2);

        private final int option;

        SecondRuns(int option) {
            this.option = option;
        }
    }

    private final EmulatorLibrary library;
    private final Map<Long, Arena> pinned = new HashMap<>();
    private final Set<String> exercised = new HashSet<>();

    /** @param core the emulator's own library */
    public EmulatorDriver(Path core, Execution execution, SecondRuns secondRuns) {
        library = new EmulatorLibrary(core, execution.option | secondRuns.option);
    }

    @Override
    public String name() {
        return "emulator";
    }

    @Override
    public DeviceProperties properties() {
        return new DeviceProperties("emulator", 8, 0, 4, 1024, 99 * 1024, memory().total());
    }

    @Override
    public MemoryInfo memory() {
        return new MemoryInfo(library.call("memory_free"), library.call("memory_total"));
    }

    /** Lets the device have less memory, to test what happens when it is out. */
    public void limitMemory(long bytes) {
        library.call("limit_memory", bytes);
    }

    @Override
    public long allocate(long bytes) {
        return library.call("allocate", bytes);
    }

    @Override
    public void free(long address) {
        library.call("free", address);
    }

    @Override
    public void free(long address, long stream) {
        library.call("free_ordered", address, stream);
    }

    @Override
    public MemorySegment allocateHost(long bytes) {
        Arena arena = Arena.ofShared();
        MemorySegment memory = arena.allocate(Math.max(1, bytes), 64).asSlice(0, bytes);
        pinned.put(memory.address(), arena);
        library.call("pin", memory.address(), bytes);
        return memory;
    }

    @Override
    public void freeHost(MemorySegment memory) {
        Arena arena = pinned.remove(memory.address());
        if (arena == null) {
            throw new IllegalArgumentException("not pinned memory of this driver");
        }
        try (arena) {
            library.call("unpin", memory.address());
        }
    }

    @Override
    public void fill(long address, byte value, long bytes, long stream) {
        library.call("fill", address, (int) value, bytes, stream);
    }

    @Override
    public void copyToDevice(long to, MemorySegment from, long stream) {
        library.call("copy_to_device", to, from, from.byteSize(), stream);
    }

    @Override
    public void copyToHost(MemorySegment to, long from, long stream) {
        library.call("copy_to_host", to, from, to.byteSize(), stream);
    }

    @Override
    public void copyOnDevice(long to, long from, long bytes, long stream) {
        library.call("copy_on_device", to, from, bytes, stream);
    }

    @Override
    public long createStream() {
        return library.call("create_stream");
    }

    @Override
    public void destroyStream(long stream) {
        library.call("destroy_stream", stream);
    }

    @Override
    public void synchronize(long stream) {
        library.call("synchronize", stream);
    }

    @Override
    public long createEvent() {
        return library.call("create_event");
    }

    @Override
    public void destroyEvent(long event) {
        library.call("destroy_event", event);
    }

    @Override
    public void record(long event, long stream) {
        library.call("record", event, stream);
    }

    @Override
    public void await(long stream, long event) {
        library.call("await", stream, event);
    }

    @Override
    public boolean hasHappened(long event) {
        return library.call("has_happened", event) != 0;
    }

    @Override
    public void synchronizeEvent(long event) {
        library.call("synchronize_event", event);
    }

    @Override
    public float milliseconds(long from, long to) {
        return library.call("nanoseconds", from, to) * 1e-6f;
    }

    @Override
    public long loadModule(Path image) {
        try (Arena scratch = Arena.ofConfined()) {
            return library.call("load_module", scratch.allocateFrom(image.toString()));
        }
    }

    @Override
    public void unloadModule(long module) {
        long functions = library.call("function_count", module);
        for (long i = 0; i < functions; i++) {
            if (library.call("function_launches", module, i) > 0) {
                exercised.add(EmulatorLibrary.text(library.call("function_name", module, i)));
            }
        }
        library.call("unload_module", module);
    }

    @Override
    public long function(long module, String name) {
        try (Arena scratch = Arena.ofConfined()) {
            return library.call("function", module, scratch.allocateFrom(name));
        }
    }

    @Override
    public void allowSharedBytes(long function, int bytes) {
        library.call("allow_shared_bytes", function, bytes);
    }

    @Override
    public void launch(Kernel kernel, Launch launch, Arguments arguments, long stream) {
        library.call(
                "launch",
                kernel.function(),
                launch.gridX(),
                launch.gridY(),
                launch.gridZ(),
                launch.blockX(),
                launch.blockY(),
                launch.blockZ(),
                launch.sharedBytes(),
                kernel.contract().reproducible() ? 1 : 0,
                arguments.count(),
                arguments.pointers(),
                arguments.sizes(),
                stream);
    }

    @Override
    public void beginCapture(long stream) {
        library.call("begin_capture", stream);
    }

    @Override
    public long endCapture(long stream) {
        return library.call("end_capture", stream);
    }

    @Override
    public long instantiate(long graph) {
        return library.call("instantiate", graph);
    }

    @Override
    public void launchGraph(long executable, long stream) {
        library.call("launch_graph", executable, stream);
    }

    @Override
    public void destroyGraph(long graph) {
        library.call("destroy_graph", graph);
    }

    @Override
    public void destroyExecutable(long executable) {
        library.call("destroy_executable", executable);
    }

    /** The entry points that were launched, of the modules that are unloaded: all of them once the device is closed. */
    public Set<String> exercised() {
        return Set.copyOf(exercised);
    }

    @Override
    public void close() {
        library.close();
        pinned.values().forEach(Arena::close);
        pinned.clear();
    }
}
