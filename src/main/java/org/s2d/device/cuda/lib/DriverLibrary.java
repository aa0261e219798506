package org.s2d.device.cuda.lib;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.NativeLibrary;

/** What NVIDIA's driver says of itself and its GPUs. Needs no context, allocates nothing on a GPU. */
public final class DriverLibrary {
    private static final int ATTRIBUTE_MULTIPROCESSORS = 16;
    private static final int ATTRIBUTE_CAPABILITY_MAJOR = 75;
    private static final int ATTRIBUTE_CAPABILITY_MINOR = 76;
    private static final int MAX_NAME = 256;

    /**
     * One GPU.
     *
     * @param capability compute capability, such as {@code 9.0}
     * @param bytes its memory
     */
    public record Gpu(String name, String capability, int multiprocessors, long bytes) {}

    /**
     * What the driver says.
     *
     * @param cuda the newest CUDA version it runs, such as {@code 13.0}; null when it does not say
     * @param problem why it cannot be used, null when it can
     */
    public record Report(
            @Nullable String cuda, List<Gpu> gpus, @Nullable String problem) {}

    private final NativeLibrary library;

    private DriverLibrary(NativeLibrary library) {
        this.library = library;
    }

    /** Loads the driver and asks it. Never throws: what goes wrong is the report. */
    public static Report report(Path path) {
        try {
            return new DriverLibrary(NativeLibrary.open(path)).report();
        } catch (DeviceException e) {
            return new Report(null, List.of(), e.getMessage());
        }
    }

    private Report report() {
        try (Arena arena = Arena.ofConfined()) {
            String cuda = null;
            try {
                int version = number(arena, "cuDriverGetVersion");
                cuda = version / 1000 + "." + version % 1000 / 10;
                require("cuInit", library.callInt("cuInit", 0));
                List<Gpu> gpus = gpus(arena);
                return new Report(cuda, gpus, gpus.isEmpty() ? "it has no GPU" : null);
            } catch (DeviceException e) {
                return new Report(cuda, List.of(), e.getMessage());
            }
        }
    }

    private List<Gpu> gpus(Arena arena) {
        List<Gpu> gpus = new ArrayList<>();
        int count = number(arena, "cuDeviceGetCount");
        MemorySegment name = arena.allocate(MAX_NAME);
        MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG);
        for (int i = 0; i < count; i++) {
            int device = number(arena, "cuDeviceGet", i);
            require("cuDeviceGetName", library.callInt("cuDeviceGetName", name, MAX_NAME, device));
            require("cuDeviceTotalMem_v2", library.callInt("cuDeviceTotalMem_v2", bytes, device));
            int major = number(arena, "cuDeviceGetAttribute", ATTRIBUTE_CAPABILITY_MAJOR, device);
            int minor = number(arena, "cuDeviceGetAttribute", ATTRIBUTE_CAPABILITY_MINOR, device);
            int processors = number(arena, "cuDeviceGetAttribute", ATTRIBUTE_MULTIPROCESSORS, device);
            gpus.add(new Gpu(name.getString(0), major + "." + minor, processors, bytes.get(ValueLayout.JAVA_LONG, 0)));
        }
        return gpus;
    }

    /** Calls a function that stores an int through its first parameter. */
    private int number(Arena arena, String function, Integer... arguments) {
        MemorySegment result = arena.allocate(ValueLayout.JAVA_INT);
        Object[] all = new Object[arguments.length + 1];
        all[0] = result;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        require(function, library.callInt(function, all));
        return result.get(ValueLayout.JAVA_INT, 0);
    }

    private void require(String function, int status) {
        if (status != 0) {
            throw new DeviceException(function + ": " + text(status));
        }
    }

    private String text(int status) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment pointer = arena.allocate(ValueLayout.JAVA_LONG);
            if (library.callInt("cuGetErrorString", status, pointer) != 0) {
                return "error " + status;
            }
            return string(pointer.get(ValueLayout.JAVA_LONG, 0)) + " (error " + status + ")";
        }
    }

    @SuppressWarnings("restricted") // a constant of the driver's
    private static String string(long address) {
        return MemorySegment.ofAddress(address).reinterpret(MAX_NAME).getString(0);
    }
}
