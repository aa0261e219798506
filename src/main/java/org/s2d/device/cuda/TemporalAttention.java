package org.s2d.device.cuda;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.s2d.device.AttentionSizes;
import org.s2d.device.cuda.AttentionCall.Operand;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/temporal_attention.cu}: sequences of up to 32, narrow heads side by side, one block per sequence. */
final class TemporalAttention {
    private static final String FILE = "temporal_attention";
    private static final List<Integer> FRAMES = List.of(16, 32);
    private static final int MAX_WIDTH = 32;
    private static final int MAX_HEADS = 8;
    private static final int THREADS = MAX_HEADS * DeviceProperties.WARP;
    private static final int VECTOR_BYTES = 16;
    /** What every GPU since sm_80 allows a block. */
    private static final int MAX_SHARED_BYTES = 99 * 1024;

    private final CudaContext context;
    private final Map<DType, List<Kernel>> forward = new EnumMap<>(DType.class);
    private final Map<DType, List<Kernel>> backward = new EnumMap<>(DType.class);

    TemporalAttention(CudaContext context) {
        this.context = context;
        for (DType type : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            forward.put(type, kernels("temporal_attention_forward_", type));
            backward.put(type, kernels("temporal_attention_backward_", type));
        }
    }

    private List<Kernel> kernels(String name, DType type) {
        LaunchContract contract = LaunchContract.threads(THREADS).shared(MAX_SHARED_BYTES);
        return FRAMES.stream()
                .map(frames -> context.kernel(FILE, name + CudaContext.suffix(type) + "_" + frames, contract))
                .toList();
    }

    /** True when the kernels take these sizes and layouts; all operands have one type. */
    static boolean fits(AttentionSizes sizes, Tensor... operands) {
        return sizes.queries() == sizes.keys()
                && sizes.queries() > 0
                && sizes.queries() <= FRAMES.getLast()
                && sizes.headDim() <= MAX_WIDTH
                && sizes.headDim() % 8 == 0
                && Stream.of(operands)
                        .allMatch(tensor -> AttentionCall.isPacked(tensor)
                                && (sizes.heads() == 1 || tensor.stride(3) == sizes.headDim()));
    }

    /** How a call is cut: heads per block, and shared memory for {@code operands} operands. */
    private record Plan(int heads, int groups, int sharedBytes) {
        static Plan of(AttentionSizes sizes, DType type, int operands) {
            int groups = Math.ceilDiv(sizes.heads(), MAX_HEADS);
            while (operands * bytes(sizes, type, Math.ceilDiv(sizes.heads(), groups)) > MAX_SHARED_BYTES) {
                groups++;
            }
            int heads = Math.ceilDiv(sizes.heads(), groups);
            return new Plan(heads, Math.ceilDiv(sizes.heads(), heads), operands * bytes(sizes, type, heads));
        }

        /** Of one operand: rows of an odd number of 16 bytes, and 8 elements behind the last one. */
        private static int bytes(AttentionSizes sizes, DType type, int heads) {
            int rows = Math.ceilDiv(sizes.queries(), 16) * 16;
            int stride = (heads * sizes.headDim() * type.bytes() / VECTOR_BYTES | 1) * VECTOR_BYTES;
            return rows * stride + 8 * type.bytes();
        }

        Launch launch(AttentionSizes sizes) {
            long sequences = (long) sizes.outer() * sizes.inner();
            return Launch.of(sequences * groups, heads * DeviceProperties.WARP).shared(sharedBytes);
        }
    }

    private static Kernel kernel(Map<DType, List<Kernel>> kernels, AttentionSizes sizes, DType type) {
        List<Kernel> byFrames = Objects.requireNonNull(kernels.get(type));
        return byFrames.get(sizes.queries() <= FRAMES.getFirst() ? 0 : 1);
    }

    void forward(AttentionCall given, Tensor out, Tensor logSumExp, Tensor q, Tensor k, Tensor v) {
        AttentionSizes sizes = given.sizes();
        Plan plan = Plan.of(sizes, q.dtype(), 3);
        AttentionCall call = given.with(Operand.OUT, out).withRows(plan.heads);
        context.launch(
                kernel(forward, sizes, q.dtype()),
                plan.launch(sizes),
                call.addTo(context.arguments())
                        .pointer(out)
                        .elements(logSumExp)
                        .pointer(q)
                        .pointer(k)
                        .pointer(v));
    }

    void backward(
            AttentionCall given, FusedAttention.Gradients gradients, Tensor gradOut, Tensor q, Tensor k, Tensor v) {
        AttentionSizes sizes = given.sizes();
        Plan plan = Plan.of(sizes, q.dtype(), 4);
        AttentionCall call = given.with(Operand.GRAD_OUT, gradOut)
                .with(Operand.GRAD_Q, gradients.q())
                .with(Operand.GRAD_K, gradients.k())
                .with(Operand.GRAD_V, gradients.v())
                .withRows(plan.heads);
        context.launch(
                kernel(backward, sizes, q.dtype()),
                plan.launch(sizes),
                call.addTo(context.arguments())
                        .pointer(gradients.q())
                        .pointer(gradients.k())
                        .pointer(gradients.v())
                        .pointer(gradOut)
                        .pointer(q)
                        .pointer(k)
                        .pointer(v));
    }
}
