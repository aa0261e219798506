package org.s2d.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.NativeLibrary;

/**
 * The C functions of {@code kernels/emulator/api.h}. Each takes the emulator first and a place for its result last and returns
 * a status; what went wrong is asked for afterwards.
 */
@SuppressWarnings("restricted") // calling native code is its purpose
final class EmulatorLibrary implements AutoCloseable {
    private static final int OUT_OF_MEMORY = 2;
    private static final int MAX_TEXT = 4096;
    private static final Linker LINKER = Linker.nativeLinker();

    private final Arena arena = Arena.ofShared();
    private final SymbolLookup symbols;
    private final Map<String, MethodHandle> handles = new HashMap<>();
    private final MemorySegment result = arena.allocate(ValueLayout.JAVA_LONG);
    private final long emulator;

    /** Loads the library and makes one emulator; {@code options} as in {@code api.h}. */
    EmulatorLibrary(Path library, int options) {
        // The library stays loaded: kernels built against it may still be.
        symbols = SymbolLookup.libraryLookup(library, Arena.global());
        try {
            emulator = (long) LINKER.downcallHandle(
                            find("s2d_emulator_create"),
                            FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT))
                    .invokeExact(options);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    /** Calls {@code s2d_emulator_NAME(emulator, arguments..., &result)} and returns the result. */
    long call(String name, Object... arguments) {
        Object[] all = new Object[arguments.length + 2];
        all[0] = emulator;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        all[all.length - 1] = result;
        int status;
        try {
            status =
                    (int) handles.computeIfAbsent(name, key -> handle(key, all)).invokeWithArguments(all);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
        if (status == OUT_OF_MEMORY) {
            throw new OutOfDeviceMemory(error());
        }
        if (status != 0) {
            throw new DeviceException("emulator: " + error());
        }
        return result.get(ValueLayout.JAVA_LONG, 0);
    }

    /** A text that a function returned by address. */
    static String text(long address) {
        return MemorySegment.ofAddress(address).reinterpret(MAX_TEXT).getString(0);
    }

    private String error() {
        try {
            MethodHandle error = LINKER.downcallHandle(
                    find("s2d_emulator_error"), FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));
            return text((long) error.invokeExact(emulator));
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    private MethodHandle handle(String name, Object[] arguments) {
        MemoryLayout[] parameters =
                Arrays.stream(arguments).map(EmulatorLibrary::layoutOf).toArray(MemoryLayout[]::new);
        return LINKER.downcallHandle(
                find("s2d_emulator_" + name), FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }

    private MemorySegment find(String name) {
        return symbols.find(name)
                .orElseThrow(() -> new DeviceException("emulator: its library has no function " + name));
    }

    private static MemoryLayout layoutOf(Object argument) {
        return switch (argument) {
            case Integer i -> ValueLayout.JAVA_INT;
            case Long l -> ValueLayout.JAVA_LONG;
            case MemorySegment m -> ValueLayout.ADDRESS;
            default -> throw new IllegalArgumentException("native argument of " + argument.getClass());
        };
    }

    /** Destroys the emulator; throws a line that names what was leaked. */
    @Override
    public void close() {
        try (arena) {
            try {
                call("close");
            } finally {
                call("destroy");
            }
        }
    }
}
