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

    /** The most arguments of a kind that a function called by {@link #call} has. */
    private static final int INTEGERS = 12;

    private static final int FLOATS = 2;

    private static final MethodHandle ANY = LINKER.downcallHandle(any());

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
        return (int) call(find(function), arguments);
    }

    /** Calls a function that returns a 64-bit integer or a pointer. */
    public long callLong(String function, Object... arguments) {
        return call(find(function), arguments);
    }

    /**
     * Calls the function at an address; for set-up, not for hot paths. The C parameter types follow from the arguments' classes: int, long, pointer
     * or float. The result is what the function left in the register of integers: of an int only the lower half means something.
     *
     * <p>One handle serves every function, since a handle takes Java about 10 ms to make. The calling conventions of x86_64 and AArch64 on Linux
     * allow it: integers and pointers have registers (and then slots of the stack) of their own, floats have others, and a function does not look at
     * those that it has no parameter for.
     */
    public static long call(MemorySegment function, Object... arguments) {
        long[] n = new long[INTEGERS];
        float[] x = new float[FLOATS];
        int integers = 0;
        int floats = 0;
        for (Object argument : arguments) {
            switch (argument) {
                case Integer i -> n[integers++] = i;
                case Long l -> n[integers++] = l;
                case MemorySegment m -> n[integers++] = m.address();
                case Float f -> x[floats++] = f;
                default -> throw new IllegalArgumentException("native argument of " + argument.getClass());
            }
        }
        try {
            return (long) ANY.invokeExact(
                    function, n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], x[0], x[1]);
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static FunctionDescriptor any() {
        MemoryLayout[] parameters = new MemoryLayout[INTEGERS + FLOATS];
        Arrays.fill(parameters, 0, INTEGERS, ValueLayout.JAVA_LONG);
        Arrays.fill(parameters, INTEGERS, parameters.length, ValueLayout.JAVA_FLOAT);
        return FunctionDescriptor.of(ValueLayout.JAVA_LONG, parameters);
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
