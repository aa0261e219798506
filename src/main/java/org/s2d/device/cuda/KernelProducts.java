package org.s2d.device.cuda;

import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Products.Activation;
import org.s2d.device.Products.Epilogue;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/products.cu}. */
final class KernelProducts implements MatrixProducts {
    private static final String FILE = "products";
    private static final int THREADS = 128;
    private static final int TILE_M = 128;
    private static final int TILE_N = 64;
    private static final int TILE_K = 32;
    private static final int VECTOR_BYTES = 16;
    /** Enough to fill any GPU several times over; threads take turns beyond. */
    private static final int MAX_BLOCKS = 4096;

    // Places in the structure Product, in bytes.
    private static final int SIZES = 0;
    private static final int TYPES = 12;
    private static final int PACKED = 24;
    private static final int GELU = 32;
    private static final int ACCUMULATE = 36;
    private static final int BATCHES = 40;
    private static final int BIAS_STRIDE = 48;
    private static final int BIAS_BATCH = 56;
    private static final int MATRICES = 64;
    private static final int BYTES = MATRICES + 4 * 24;

    private final CudaContext context;
    private final Map<DType, Kernel> kernels = new EnumMap<>(DType.class);
    private final Kernel epilogues;

    KernelProducts(CudaContext context) {
        this.context = context;
        for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            LaunchContract contract = LaunchContract.threads(THREADS).shared(sharedBytes(type));
            kernels.put(type, context.kernel(FILE, "products_forward_" + CudaContext.suffix(type), contract));
        }
        epilogues = context.kernel(FILE, "products_forward_any_epilogue", LaunchContract.threads(THREADS));
    }

    /** Both tiles; 16 bytes lie between their rows. */
    private static int sharedBytes(DType type) {
        return (TILE_M + TILE_N) * (TILE_K * type.bytes() + VECTOR_BYTES);
    }

    @Override
    public void multiply(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        long batches = out.rank() == 2 ? 1 : out.dim(0);
        long tiles = Math.ceilDiv(out.dim(-2), TILE_M) * (long) Math.ceilDiv(out.dim(-1), TILE_N) * batches;
        Launch launch = Launch.of(tiles, THREADS).shared(sharedBytes(a.dtype()));
        Arguments arguments = addTo(context.arguments(), out, a, b, epilogue);
        context.launch(
                Objects.requireNonNull(kernels.get(a.dtype())),
                launch,
                arguments
                        .elements(out)
                        .elements(operand(a))
                        .elements(operand(b))
                        .elements(epilogue.bias())
                        .elements(epilogue.residual()));
    }

    /**
     * Finishes a product that something else computed: {@code out = act(sums + bias) + residual}, added to {@code out} when the
     * epilogue accumulates. {@code sums} is F32, contiguous, in the shape of the output; it may be the output.
     */
    void finish(Tensor out, Tensor sums, Epilogue epilogue) {
        Arguments arguments = addTo(context.arguments(), out, sums, sums, epilogue);
        context.launch(
                epilogues,
                Launch.of(CudaContext.blocks(out.numel(), THREADS, MAX_BLOCKS), THREADS),
                arguments
                        .elements(out)
                        .elements(sums)
                        .elements(epilogue.bias())
                        .elements(epilogue.residual())
                        .int32(CudaContext.typeCode(sums.dtype())));
    }

    private static Arguments addTo(Arguments arguments, Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        Tensor bias = epilogue.bias();
        Tensor residual = epilogue.residual();
        int at = arguments.structure(BYTES);
        arguments.setInt(at + SIZES, out.dim(-2));
        arguments.setInt(at + SIZES + 4, out.dim(-1));
        arguments.setInt(at + SIZES + 8, a.dim(-1));
        arguments.setInt(at + TYPES, CudaContext.typeCode(out.dtype()));
        arguments.setInt(at + TYPES + 4, typeCode(bias));
        arguments.setInt(at + TYPES + 8, typeCode(residual));
        arguments.setInt(at + PACKED, isPacked(a, -2, -1));
        arguments.setInt(at + PACKED + 4, isPacked(b, -1, -2));
        arguments.setInt(at + GELU, epilogue.activation() == Activation.GELU ? 1 : 0);
        arguments.setInt(at + ACCUMULATE, epilogue.accumulate() ? 1 : 0);
        arguments.setLong(at + BATCHES, out.rank() == 2 ? 1 : out.dim(0));
        arguments.setLong(at + BIAS_STRIDE, bias == null ? 0 : bias.stride(-1));
        arguments.setLong(at + BIAS_BATCH, bias == null || bias.rank() == 1 ? 0 : bias.stride(0));
        setMatrix(arguments, at + MATRICES, a);
        setMatrix(arguments, at + MATRICES + 24, b);
        setMatrix(arguments, at + MATRICES + 48, out);
        if (residual != null) {
            setMatrix(arguments, at + MATRICES + 72, residual);
        }
        return arguments;
    }

    /** None when the inner dimension is empty. */
    private static @Nullable Tensor operand(Tensor tensor) {
        return tensor.numel() == 0 ? null : tensor;
    }

    private static int typeCode(@Nullable Tensor tensor) {
        return tensor == null ? 0 : CudaContext.typeCode(tensor.dtype());
    }

    private static void setMatrix(Arguments arguments, int at, Tensor tensor) {
        arguments.setLong(at, batchStride(tensor));
        arguments.setLong(at + 8, tensor.stride(-2));
        arguments.setLong(at + 16, tensor.stride(-1));
    }

    private static long batchStride(Tensor tensor) {
        return tensor.rank() == 2 || tensor.dim(0) == 1 ? 0 : tensor.stride(0);
    }

    /** 1 when the elements along the inner dimension can be read 16 bytes at a time. */
    private static int isPacked(Tensor operand, int rows, int inner) {
        int pack = VECTOR_BYTES / operand.dtype().bytes();
        boolean packed = operand.stride(inner) == 1
                && operand.dim(inner) % pack == 0
                && operand.stride(rows) % pack == 0
                && batchStride(operand) % pack == 0
                && operand.address() % VECTOR_BYTES == 0;
        return packed ? 1 : 0;
    }

    @Override
    public void close() {}
}
