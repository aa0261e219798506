package org.s2d.device.cuda;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.s2d.device.AttentionSizes;
import org.s2d.device.cuda.AttentionCall.Operand;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/attention.cu}: any number of queries and keys, heads up to 128 wide. */
final class FusedAttention {
    private static final String FILE = "attention";
    private static final List<Integer> WIDTHS = List.of(32, 64, 128);
    private static final int ROWS_PER_WARP = 16;
    private static final int DELTA_THREADS = 256;
    private static final int DELTA_ROWS = DELTA_THREADS / 8;

    /** Entry points for one element type, by the width of a head that they are made for. */
    private record Entries(Map<Integer, Kernel> forward, Map<Integer, Kernel> backward, Kernel delta) {}

    private final CudaContext context;
    private final Map<DType, Entries> entries = new EnumMap<>(DType.class);

    FusedAttention(CudaContext context) {
        this.context = context;
        for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            String suffix = CudaContext.suffix(type);
            LaunchContract delta = LaunchContract.threads(DELTA_THREADS);
            entries.put(
                    type,
                    new Entries(
                            kernels("attention_forward_" + suffix, type, forwardWarps(type)),
                            kernels("attention_backward_" + suffix, type, backwardWarps(type)),
                            context.kernel(FILE, "attention_backward_" + suffix + "_delta", delta)));
        }
    }

    private Map<Integer, Kernel> kernels(String name, DType type, int warps) {
        Map<Integer, Kernel> kernels = new HashMap<>();
        for (int width : WIDTHS) {
            LaunchContract contract =
                    LaunchContract.threads(warps * DeviceProperties.WARP).shared(sharedBytes(type, width));
            kernels.put(width, context.kernel(FILE, name + "_" + width, contract));
        }
        return kernels;
    }

    /** Rows of a tile in shared memory. */
    private static int tile(DType type) {
        return type == DType.F32 ? 32 : 64;
    }

    /** Most warps of a block, each with 16 rows. */
    private static int forwardWarps(DType type) {
        return tile(type) / 8;
    }

    /** Fewer: two blocks then share a multiprocessor's registers. */
    private static int backwardWarps(DType type) {
        return tile(type) / 32 * 3;
    }

    /** Two tiles of two operands, 16 bytes between their rows, and two floats for each row of two tiles. */
    private static int sharedBytes(DType type, int width) {
        return tile(type) * (4 * (width * type.bytes() + 16) + 4 * Float.BYTES);
    }

    private Entries entries(Tensor tensor) {
        return Objects.requireNonNull(entries.get(tensor.dtype()));
    }

    private static int width(AttentionSizes sizes) {
        return WIDTHS.stream()
                .filter(width -> width >= sizes.headDim())
                .findFirst()
                .orElseThrow(() -> new ShapeException(
                        "attention: heads of width " + sizes.headDim() + " on a GPU, at most " + WIDTHS.getLast()));
    }

    /** How many rows each block owns: as many as fit, spread evenly. */
    private static int rowsOfBlock(int rows, int maxWarps) {
        int tiles = Math.ceilDiv(Math.max(1, rows), ROWS_PER_WARP);
        int blocks = Math.ceilDiv(tiles, maxWarps);
        return Math.ceilDiv(tiles, blocks) * ROWS_PER_WARP;
    }

    private Launch launch(long blocks, AttentionCall call, DType type) {
        return Launch.of(blocks, call.rows() / ROWS_PER_WARP * DeviceProperties.WARP)
                .shared(sharedBytes(type, width(call.sizes())));
    }

    void forward(AttentionCall given, Tensor out, Tensor logSumExp, Tensor q, Tensor k, Tensor v) {
        AttentionSizes sizes = given.sizes();
        AttentionCall call =
                given.with(Operand.OUT, out).withRows(rowsOfBlock(sizes.queries(), forwardWarps(q.dtype())));
        long blocks = (long) sizes.problems() * Math.ceilDiv(sizes.queries(), call.rows());
        context.launch(
                Objects.requireNonNull(entries(q).forward.get(width(sizes))),
                launch(blocks, call, q.dtype()),
                call.addTo(context.arguments())
                        .elements(out)
                        .elements(logSumExp)
                        .elements(q)
                        .elements(k)
                        .elements(v));
    }

    /** Gradients of one call, in the order of the entry point. */
    record Gradients(Tensor q, Tensor k, Tensor v) {}

    void backward(
            AttentionCall given,
            Gradients gradients,
            Tensor gradOut,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor out,
            Tensor logSumExp) {
        AttentionSizes sizes = given.sizes();
        AttentionCall call = given.with(Operand.OUT, out)
                .with(Operand.GRAD_OUT, gradOut)
                .with(Operand.GRAD_Q, gradients.q())
                .with(Operand.GRAD_K, gradients.k())
                .with(Operand.GRAD_V, gradients.v())
                .withRows(rowsOfBlock(Math.max(sizes.queries(), sizes.keys()), backwardWarps(q.dtype())));
        long perHead = (long) Math.ceilDiv(sizes.keys(), call.rows()) + Math.ceilDiv(sizes.queries(), call.rows());
        try (Scope scope = context.scope()) {
            Tensor delta = scope.allocate(DType.F32, Shape.of(sizes.problems(), sizes.queries()));
            if (sizes.queries() > 0) {
                sumOverWidth(call, delta, gradOut, out);
            }
            context.launch(
                    Objects.requireNonNull(entries(q).backward.get(width(sizes))),
                    launch(perHead * sizes.problems(), call, q.dtype()),
                    call.addTo(context.arguments())
                            .elements(orNone(gradients.q()))
                            .elements(gradients.k())
                            .elements(gradients.v())
                            .elements(orNone(gradOut))
                            .elements(orNone(q))
                            .elements(k)
                            .elements(v)
                            .elements(orNone(logSumExp))
                            .elements(orNone(delta)));
        }
    }

    private void sumOverWidth(AttentionCall call, Tensor delta, Tensor gradOut, Tensor out) {
        context.launch(
                entries(out).delta,
                Launch.of(Math.ceilDiv(delta.numel(), (long) DELTA_ROWS), DELTA_THREADS),
                call.addTo(context.arguments())
                        .elements(delta)
                        .elements(gradOut)
                        .elements(out)
                        .int64(delta.numel()));
    }

    /** Without queries some operands have no memory. */
    private static @Nullable Tensor orNone(Tensor tensor) {
        return tensor.numel() == 0 ? null : tensor;
    }
}
