package org.s2d.device.natives;

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
import org.s2d.device.DeviceException;

/** A shared library that stays loaded until the process ends, and its functions by name. */
@SuppressWarnings("restricted") // calling native code is its purpose
public final class NativeLibrary {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final int RTLD_LAZY = 1;
    private static final MethodHandle DLOPEN = loaderFunction(
            "dlopen", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    private static final MethodHandle DLERROR = loaderFunction("dlerror", FunctionDescriptor.of(ValueLayout.ADDRESS));

    private final Path path;
    private final SymbolLookup symbols;

    private NativeLibrary(Path path, SymbolLookup symbols) {
        this.path = path;
        this.symbols = symbols;
    }

    /**
     * Loads a library by its path. Libraries loaded later that ask for its soname get this one. Throws {@link
     * DeviceException} with the dynamic loader's own words when that fails.
     */
    public static NativeLibrary open(Path path) {
        String absolute = path.toAbsolutePath().toString();
        try (Arena arena = Arena.ofConfined()) {
            // Java's own lookup drops the loader's reason, which names the file that is really missing.
            var handle = (MemorySegment) DLOPEN.invokeExact(arena.allocateFrom(absolute), RTLD_LAZY);
            if (handle.address() == 0) {
                var error = (MemorySegment) DLERROR.invokeExact();
                throw new DeviceException(
                        "cannot load " + error.reinterpret(4096).getString(0));
            }
        } catch (Throwable e) {
            throw unexpected(e);
        }
        return new NativeLibrary(path, SymbolLookup.libraryLookup(path, Arena.global()));
    }

    public Path path() {
        return path;
    }

    public boolean has(String function) {
        return symbols.find(function).isPresent();
    }

    /** Address of a function; throws when the library has none of that name. */
    public MemorySegment find(String function) {
        return symbols.find(function)
                .orElseThrow(() ->
                        new DeviceException(path + " has no function " + function + ": it is of another version."));
    }

    /** Calls a function that returns an int. The C parameter types follow from the arguments' classes. */
    public int callInt(String function, Object... arguments) {
        return (int) call(find(function), ValueLayout.JAVA_INT, arguments);
    }

    /** Calls a function that returns a 64-bit integer or a pointer. */
    public long callLong(String function, Object... arguments) {
        return (long) call(find(function), ValueLayout.JAVA_LONG, arguments);
    }

    /** Calls the function at an address; for set-up, not for hot paths. The C parameter types follow from the arguments' classes. */
    public static Object call(MemorySegment function, MemoryLayout result, Object... arguments) {
        MemoryLayout[] parameters =
                Arrays.stream(arguments).map(NativeLibrary::layoutOf).toArray(MemoryLayout[]::new);
        try {
            return LINKER.downcallHandle(function, FunctionDescriptor.of(result, parameters))
                    .invokeWithArguments(arguments);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static MemoryLayout layoutOf(Object argument) {
        return switch (argument) {
            case Integer i -> ValueLayout.JAVA_INT;
            case Long l -> ValueLayout.JAVA_LONG;
            case Float f -> ValueLayout.JAVA_FLOAT;
            case MemorySegment m -> ValueLayout.ADDRESS;
            default -> throw new IllegalArgumentException("native argument of " + argument.getClass());
        };
    }

    private static MethodHandle loaderFunction(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().find(name).orElseThrow(), descriptor);
    }

    /** What a method handle threw, as something that need not be declared. */
    public static RuntimeException unexpected(Throwable e) {
        return switch (e) {
            case RuntimeException exception -> exception;
            case Error error -> throw error;
            default -> new IllegalStateException(e);
        };
    }
}
