package org.s2d.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Optional;
import jcuda.cudaDataType;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasStatus;
import org.s2d.device.DeviceException;
import org.s2d.device.natives.NativeLibrary;

/**
 * The functions of cuBLASLt that JCuda does not bind. Its objects are addresses; attributes have the numbers of {@code cublasLt.h},
 * which are those of CUDA 12 and 13.
 */
@SuppressWarnings("restricted") // calling native code is its purpose
final class CublasLt implements AutoCloseable {
    /** Attributes of a description. */
    static final int TRANSPOSE_A = 3;

    static final int TRANSPOSE_B = 4;
    static final int EPILOGUE = 7;
    static final int BIAS = 8;

    /** What {@link #EPILOGUE} may be. */
    static final int EPILOGUE_BIAS = 4;

    /** Attributes of a layout. */
    static final int BATCHES = 5;

    static final int BATCH_STRIDE = 6;

    /** Attributes of a preference; the alignments of B, C and D follow that of A. */
    static final int WORKSPACE_BYTES = 1;

    static final int REDUCTIONS = 3;
    static final int ALIGNMENT_A = 5;

    /** For {@link #REDUCTIONS}: split sums meet in F32, in a fixed order. */
    static final int REDUCTION_IN_F32 = 2;

    /** Of cublasLtMatmulHeuristicResult_t, which starts with the algorithm, and where its status lies. */
    private static final int RESULT_BYTES = 96;

    private static final int RESULT_STATUS = 72;

    private final NativeLibrary library;
    private final MethodHandle multiply;
    private final MethodHandle setDescription;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
    private final MemorySegment one = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 1);
    private final MemorySegment zero = arena.allocateFrom(ValueLayout.JAVA_FLOAT, 0);
    private final long handle;

    /** Makes a handle for the current context. */
    CublasLt(NativeLibrary library) {
        this.library = library;
        multiply = function("cublasLtMatmul", "LLPLLLLPLLLLPLLL");
        setDescription = function("cublasLtMatmulDescSetAttribute", "LIPL");
        handle = create("cublasLtCreate");
    }

    /** A function that returns a status; its parameters are L (64 bits), I (32 bits) and P (host memory). */
    private MethodHandle function(String name, String parameters) {
        ValueLayout[] layouts = parameters
                .chars()
                .mapToObj(letter -> switch (letter) {
                    case 'L' -> ValueLayout.JAVA_LONG;
                    case 'I' -> ValueLayout.JAVA_INT;
                    default -> ValueLayout.ADDRESS;
                })
                .toArray(ValueLayout[]::new);
        return Linker.nativeLinker()
                .downcallHandle(library.find(name), FunctionDescriptor.of(ValueLayout.JAVA_INT, layouts));
    }

    /** Calls a function that stores what it makes where its first argument points. */
    private long create(String function, Object... arguments) {
        Object[] all = new Object[arguments.length + 1];
        all[0] = value;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        require(library.callInt(function, all), function);
        return value.get(ValueLayout.JAVA_LONG, 0);
    }

    /** A product in F32 of whatever is multiplied. */
    long description() {
        return create("cublasLtMatmulDescCreate", cublasComputeType.CUBLAS_COMPUTE_32F, cudaDataType.CUDA_R_32F);
    }

    /** A matrix in memory, columns first. */
    long layout(int type, long rows, long columns, long distance) {
        return create("cublasLtMatrixLayoutCreate", type, rows, columns, distance);
    }

    void setDescription(long description, int attribute, int number) {
        set("cublasLtMatmulDescSetAttribute", description, attribute, number, Integer.BYTES);
    }

    void setLayout(long layout, int attribute, long number, int bytes) {
        set("cublasLtMatrixLayoutSetAttribute", layout, attribute, number, bytes);
    }

    private void set(String function, long object, int attribute, long number, int bytes) {
        value.set(ValueLayout.JAVA_LONG, 0, number);
        require(library.callInt(function, object, attribute, value, (long) bytes), function);
    }

    void destroyDescription(long description) {
        require(library.callInt("cublasLtMatmulDescDestroy", description), "cublasLtMatmulDescDestroy");
    }

    void destroyLayout(long layout) {
        require(library.callInt("cublasLtMatrixLayoutDestroy", layout), "cublasLtMatrixLayoutDestroy");
    }

    /**
     * The library's choice for a product, in memory of this object; empty when it has none.
     *
     * @param layouts of A, B, C and D
     * @param alignments of their addresses, in bytes
     */
    Optional<MemorySegment> algorithm(long description, long[] layouts, int[] alignments, long workspaceBytes) {
        long preference = create("cublasLtMatmulPreferenceCreate");
        try {
            String set = "cublasLtMatmulPreferenceSetAttribute";
            set(set, preference, WORKSPACE_BYTES, workspaceBytes, Long.BYTES);
            set(set, preference, REDUCTIONS, REDUCTION_IN_F32, Integer.BYTES);
            for (int i = 0; i < alignments.length; i++) {
                set(set, preference, ALIGNMENT_A + i, alignments[i], Integer.BYTES);
            }
            MemorySegment result = arena.allocate(RESULT_BYTES, Long.BYTES);
            value.set(ValueLayout.JAVA_LONG, 0, 0);
            int status = library.callInt(
                    "cublasLtMatmulAlgoGetHeuristic",
                    handle,
                    description,
                    layouts[0],
                    layouts[1],
                    layouts[2],
                    layouts[3],
                    preference,
                    1,
                    result,
                    value);
            boolean found = status == cublasStatus.CUBLAS_STATUS_SUCCESS
                    && value.get(ValueLayout.JAVA_INT, 0) == 1
                    && result.get(ValueLayout.JAVA_INT, RESULT_STATUS) == cublasStatus.CUBLAS_STATUS_SUCCESS;
            if (!found && status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
                requireUnsupported(status);
            }
            return found ? Optional.of(result) : Optional.empty();
        } finally {
            require(library.callInt("cublasLtMatmulPreferenceDestroy", preference), "cublasLtMatmulPreferenceDestroy");
        }
    }

    private static void requireUnsupported(int status) {
        if (status != cublasStatus.CUBLAS_STATUS_NOT_SUPPORTED) {
            require(status, "cublasLtMatmulAlgoGetHeuristic");
        }
    }

    /** Where the bias of the next products of this description lies. */
    void setBias(long description, long address) {
        value.set(ValueLayout.JAVA_LONG, 0, address);
        try {
            int status = (int) setDescription.invokeExact(description, BIAS, value, (long) Long.BYTES);
            require(status, "cublasLtMatmulDescSetAttribute");
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    /**
     * Enqueues {@code D = A B + C} with the description's epilogue; without {@code adds} C is not read.
     *
     * @param addresses of A, B, C and D on the device
     */
    void multiply(
            long description,
            long[] addresses,
            long[] layouts,
            boolean adds,
            MemorySegment algorithm,
            long workspace,
            long workspaceBytes,
            long stream) {
        MemorySegment beta = adds ? one : zero;
        try {
            int status = (int) multiply.invokeExact(
                    handle,
                    description,
                    one,
                    addresses[0],
                    layouts[0],
                    addresses[1],
                    layouts[1],
                    beta,
                    addresses[2],
                    layouts[2],
                    addresses[3],
                    layouts[3],
                    algorithm,
                    workspace,
                    workspaceBytes,
                    stream);
            require(status, "cublasLtMatmul " + Arrays.toString(addresses));
        } catch (Throwable e) {
            throw NativeLibrary.unexpected(e);
        }
    }

    private static void require(int status, String what) {
        if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
            throw new DeviceException("cuda: " + what + ": cuBLASLt says " + cublasStatus.stringFor(status));
        }
    }

    @Override
    public void close() {
        try (arena) {
            require(library.callInt("cublasLtDestroy", handle), "cublasLtDestroy");
        }
    }
}
