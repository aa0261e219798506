package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.s2d.device.AttentionSizes;
import org.s2d.device.cpu.OneDnnHeads.Strides;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/**
 * Attention in F32 by oneDNN, as many heads of a sequence and as many queries at a time as keep the scores in the second-level cache. The
 * specification is {@link AttentionReference}.
 */
final class OneDnnAttention implements AutoCloseable {
    /** More queries at a time gain nothing. */
    private static final int BLOCK = 256;
    /** Scores of several heads at a time, for short sequences. */
    private static final long SCORES_BYTES = 128 << 10;

    private static final int PLANS = 64;

    private final OneDnnTeam team;
    private final PlanCache<OneDnnAttentionPlan.Form, OneDnnAttentionPlan> plans;
    private final PlanCache<OneDnnAttentionGradientPlan.Form, OneDnnAttentionGradientPlan> gradientPlans;

    OneDnnAttention(OneDnnTeam team) {
        this.team = team;
        plans = new PlanCache<>(PLANS, form -> new OneDnnAttentionPlan(team, form));
        gradientPlans = new PlanCache<>(PLANS, form -> new OneDnnAttentionGradientPlan(team, form));
    }

    /**
     * Operands of one call, tensors [B1, B2, S, H, d] that {@link #fits}.
     *
     * @param out the result, or its gradient where gradients are computed
     */
    record Call(AttentionSizes sizes, Tensor out, Tensor q, Tensor k, Tensor v, float scale) {
        /** Address of a row of a head; heads are numbered over [B1, B2, H]. */
        long address(Tensor tensor, long head, long row) {
            long sequence = head / sizes.heads();
            long element = sequence / sizes.inner() * tensor.stride(0)
                    + sequence % sizes.inner() * tensor.stride(1)
                    + head % sizes.heads() * tensor.stride(3)
                    + row * tensor.stride(2);
            return tensor.address() + element * Float.BYTES;
        }

        /** Blocks of queries. */
        private Stream<OneDnnHeads> blocks() {
            int together = headsTogether();
            return IntStream.iterate(0, query -> query < sizes.queries(), query -> query + BLOCK)
                    .mapToObj(query -> new OneDnnHeads(
                            together, Math.min(BLOCK, sizes.queries() - query), sizes.keys(), sizes.headDim()));
        }

        /** Heads that are worked on at a time: a number that divides all of a sequence. */
        private int headsTogether() {
            long most = SCORES_BYTES / ((long) Float.BYTES * Math.min(BLOCK, sizes.queries()) * sizes.keys());
            return IntStream.iterate(sizes.heads(), n -> n - 1)
                    .filter(n -> sizes.heads() % n == 0 && (n <= most || n == 1))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /** Where gradients of queries, keys and values go, and what they are computed from. */
    record Gradients(Call in, MemorySegment logSumExp, Tensor q, Tensor k, Tensor v) {}

    /** Whether a tensor [B1, B2, S, H, d] can be read and written where it lies: F32, and the rows of a sequence lie apart. */
    static boolean fits(Tensor tensor) {
        long rows = tensor.dim(2);
        long heads = tensor.dim(3);
        long row = tensor.stride(2);
        long head = tensor.stride(3);
        int width = tensor.dim(4);
        boolean headsInRows = head >= width && (rows == 1 || row >= head * heads);
        boolean rowsInHeads = row >= width && (heads == 1 || head >= row * rows);
        return tensor.dtype() == DType.F32 && (headsInRows || rowsInHeads);
    }

    /**
     * @param logSumExp [B1, B2, H, Sq], null when not needed
     * @param grain heads worth a worker's waking
     */
    void forward(Call call, @Nullable MemorySegment logSumExp, long grain) {
        List<OneDnnAttentionPlan.Form> blocks = call.blocks()
                .map(heads -> new OneDnnAttentionPlan.Form(
                        heads,
                        Strides.of(call.q),
                        Strides.of(call.k),
                        Strides.of(call.v),
                        Strides.of(call.out),
                        call.scale))
                .toList();
        plans.useAll(
                blocks,
                compiled -> forHeads(call, grain, (worker, head) -> {
                    for (int i = 0; i < compiled.size(); i++) {
                        compiled.get(i).run(worker, call, logSumExp, head, i * BLOCK);
                    }
                }));
    }

    void backward(Gradients call, long grain) {
        Call in = call.in;
        List<OneDnnAttentionGradientPlan.Form> blocks = new ArrayList<>();
        in.blocks()
                .forEach(heads -> blocks.add(new OneDnnAttentionGradientPlan.Form(
                        heads,
                        Strides.of(in.q),
                        Strides.of(in.k),
                        Strides.of(in.v),
                        Strides.of(in.out),
                        Strides.of(call.q),
                        Strides.of(call.k),
                        Strides.of(call.v),
                        in.scale,
                        blocks.isEmpty())));
        gradientPlans.useAll(
                blocks,
                compiled -> forHeads(in, grain, (worker, head) -> {
                    for (int i = 0; i < compiled.size(); i++) {
                        compiled.get(i).run(worker, call, head, i * BLOCK);
                    }
                }));
    }

    /** Work on the heads from {@code head} on that are worked on together. */
    @FunctionalInterface
    private interface Heads {
        void run(OneDnnWorker worker, long head);
    }

    private void forHeads(Call call, long grain, Heads work) {
        int together = call.headsTogether();
        long groups = call.sizes.problems() / together;
        team.parallelFor(groups, Math.max(1, grain / together), (worker, from, to) -> {
            for (long group = from; group < to; group++) {
                work.run(worker, group * together);
            }
        });
    }

    @Override
    public void close() {
        plans.close();
        gradientPlans.close();
    }
}
