package org.s2d.device.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.NativeLibrary;
import org.s2d.tensor.DType;

/**
 * oneDNN's C API. Its objects (descriptors, primitives, memories) are opaque pointers and appear here as {@code long}.
 * Set-up goes through {@link #call} and {@link #create}, which any function fits; the two functions of every product
 * have handles of their own.
 *
 * <p>oneDNN's own threads (OpenMP) are never used: {@link #limitThisThread} makes everything that the calling thread
 * creates and executes single-threaded, and {@link Workers} run such primitives side by side.
 */
@SuppressWarnings("restricted") // calling native code is its purpose
final class OneDnnLibrary {
    // Values of the C enumerations and macros that we use.
    static final int SUCCESS = 0;
    static final int UNIMPLEMENTED = 3;
    static final int ENGINE_CPU = 1;
    static final int FORWARD_TRAINING = 64;
    static final int TYPE_UNDEFINED = 0;
    static final int FORMAT_ANY = 1;
    static final int SCRATCHPAD_USER = 1;
    static final int FPMATH_STRICT = 0;
    static final int USE_SCALE = 2;
    static final int USE_SHIFT = 4;
    static final int ELTWISE_LINEAR = 0x26;
    static final int ELTWISE_GELU_ERF = 49;
    static final int SOFTMAX = 0x30000;
    static final int BINARY_ADD = 0x1fff0;
    static final int QUERY_IMPLEMENTATION = 8;
    static final int QUERY_WEIGHTS = 131;
    static final int QUERY_SCRATCHPAD = 136;
    static final int ARG_SOURCE = 1;
    static final int ARG_SECOND_SOURCE = 2;
    static final int ARG_DESTINATION = 17;
    static final int ARG_WEIGHTS = 33;
    static final int ARG_BIAS = 41;
    static final int ARG_MEAN = 49;
    static final int ARG_VARIANCE = 50;
    static final int ARG_SCALE = 51;
    static final int ARG_SHIFT = 52;
    static final int ARG_SCRATCHPAD = 80;
    static final int ARG_GRAD_SOURCE = 129;
    static final int ARG_GRAD_DESTINATION = 145;
    static final int ARG_POST_OPERATION = 32768;

    /**
     * Compiled code that oneDNN itself keeps for devices made later. We have a cache of our own, and what that one drops
     * must not stay here.
     */
    private static final int SHARED_PRIMITIVES = 128;

    private static final String FOLDER = "org/bytedeco/dnnl/linux-x86_64";
    private static final List<String> NAMES = List.of("libgomp.so.1", "libdnnl.so.3");
    private static final List<String> STATUS = List.of(
            "success",
            "out of memory",
            "invalid arguments",
            "not implemented",
            "last implementation reached",
            "runtime error",
            "not required");

    private static final Linker LINKER = Linker.nativeLinker();

    // Constant handles that take the function's address as first argument: the JIT compiler can inline them, and the
    // library itself stays a value.
    private static final MethodHandle EXECUTE = LINKER.downcallHandle(FunctionDescriptor.of(
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_LONG,
            ValueLayout.JAVA_INT,
            ValueLayout.JAVA_LONG));
    private static final MethodHandle SET_DATA_HANDLE = LINKER.downcallHandle(
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG),
            Linker.Option.critical(false));
    private static final MethodHandle SET_NUM_THREADS =
            LINKER.downcallHandle(FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));

    private final SymbolLookup symbols;
    private final MemorySegment execute;
    private final MemorySegment setDataHandle;
    private final MemorySegment setNumThreads;
    private final long engine;

    private OneDnnLibrary(SymbolLookup symbols) {
        this.symbols = symbols;
        execute = find("dnnl_primitive_execute");
        setDataHandle = find("dnnl_memory_set_data_handle");
        setNumThreads = find("omp_set_num_threads");
        limitThisThread();
        call("dnnl_set_primitive_cache_capacity", SHARED_PRIMITIVES);
        engine = create("dnnl_engine_create", ENGINE_CPU, 0L); // lives as long as the library: until the process ends
    }

    /** The library, unpacked and loaded by the first call; throws {@link DeviceException} where that is not possible. */
    static OneDnnLibrary load() {
        return switch (Loaded.LIBRARY_OR_FAILURE) {
            case OneDnnLibrary library -> library;
            case RuntimeException failure -> throw new DeviceException(String.valueOf(failure.getMessage()), failure);
            default -> throw new AssertionError();
        };
    }

    /** A native library belongs to the process, not to a device: it is loaded once and never changes. */
    private static final class Loaded {
        static final Object LIBRARY_OR_FAILURE = attempt();

        private static Object attempt() {
            try {
                NativeLibraries.requireLinuxX64(System.getProperty("os.name"), System.getProperty("os.arch"));
                return new OneDnnLibrary(NativeLibraries.ofUser().load(FOLDER, NAMES));
            } catch (RuntimeException failure) {
                return failure;
            }
        }
    }

    long engine() {
        return engine;
    }

    private MemorySegment find(String function) {
        return symbols.find(function)
                .orElseThrow(() -> new DeviceException("cpu: oneDNN has no function " + function
                        + "; the dnnl jar on the class path is of another version."));
    }

    /** Makes oneDNN single-threaded for the calling thread. Cheap; to be called once on every thread. */
    void limitThisThread() {
        try {
            SET_NUM_THREADS.invokeExact(setNumThreads, 1);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    /** Runs a primitive; {@code arguments} is an array of {@code count} dnnl_exec_arg_t. */
    void execute(long primitive, long stream, int count, long arguments) {
        int status;
        try {
            status = (int) EXECUTE.invokeExact(execute, primitive, stream, count, arguments);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
        require(status, "dnnl_primitive_execute");
    }

    void setDataHandle(long memory, long address) {
        int status;
        try {
            status = (int) SET_DATA_HANDLE.invokeExact(setDataHandle, memory, address);
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
        require(status, "dnnl_memory_set_data_handle");
    }

    /** Calls a function that makes an object and stores its pointer through its first parameter. */
    long create(String function, Object... arguments) {
        long[] object = new long[1];
        require(tryCreate(object, function, arguments), function);
        return object[0];
    }

    /** The same where failing is an answer: the object goes to {@code object[0]}, the status is returned. */
    int tryCreate(long[] object, String function, Object... arguments) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ValueLayout.JAVA_LONG);
            Object[] all = new Object[arguments.length + 1];
            all[0] = result;
            System.arraycopy(arguments, 0, all, 1, arguments.length);
            int status = status(function, all);
            object[0] = result.get(ValueLayout.JAVA_LONG, 0);
            return status;
        }
    }

    /** Calls a function that returns a status, and throws unless that is success. */
    void call(String function, Object... arguments) {
        require(status(function, arguments), function);
    }

    /** Calls a function that returns a status. The C parameter types follow from the arguments' classes. */
    private int status(String function, Object... arguments) {
        return (int) invoke(function, arguments);
    }

    /** A descriptor that belongs to a primitive descriptor. */
    long queryDescriptor(long primitiveDescriptor, int what) {
        return invoke("dnnl_primitive_desc_query_md", primitiveDescriptor, what, 0);
    }

    /** Bytes that a memory of this description takes. */
    long size(long memoryDescriptor) {
        return invoke("dnnl_memory_desc_get_size", memoryDescriptor);
    }

    /** Name of the implementation oneDNN chose, such as {@code brg_matmul:avx512_core}. */
    String implementation(long primitiveDescriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment result = arena.allocate(ValueLayout.JAVA_LONG);
            call("dnnl_primitive_desc_query", primitiveDescriptor, QUERY_IMPLEMENTATION, 0, result);
            return MemorySegment.ofAddress(result.get(ValueLayout.JAVA_LONG, 0))
                    .reinterpret(256)
                    .getString(0);
        }
    }

    /** Its version, such as {@code 3.11.2}. */
    String version() {
        long version = invoke("dnnl_version");
        MemorySegment numbers = MemorySegment.ofAddress(version).reinterpret(3 * ValueLayout.JAVA_INT.byteSize());
        return numbers.getAtIndex(ValueLayout.JAVA_INT, 0) + "." + numbers.getAtIndex(ValueLayout.JAVA_INT, 1) + "."
                + numbers.getAtIndex(ValueLayout.JAVA_INT, 2);
    }

    static int typeOf(DType dtype) {
        return switch (dtype) {
            case F32 -> 3;
            case BF16 -> 2;
            case F64, F16, I64, U8 -> throw new IllegalArgumentException("oneDNN products of " + dtype);
        };
    }

    private long invoke(String function, Object... arguments) {
        return NativeLibrary.call(find(function), arguments);
    }

    private static void require(int status, String function) {
        if (status != SUCCESS) {
            String text = status > 0 && status < STATUS.size() ? STATUS.get(status) : "status " + status;
            throw new DeviceException("cpu: oneDNN: " + function + ": " + text);
        }
    }
}
