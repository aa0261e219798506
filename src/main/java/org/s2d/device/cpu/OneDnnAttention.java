package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.s2d.device.AttentionSizes;
import org.s2d.device.cpu.OneDnnAttentionPlan.Form;
import org.s2d.device.cpu.OneDnnAttentionPlan.Strides;
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
    private final PlanCache<Form, OneDnnAttentionPlan> plans;

    OneDnnAttention(OneDnnTeam team) {
        this.team = team;
        plans = new PlanCache<>(PLANS, form -> new OneDnnAttentionPlan(team, form));
    }

    /** Operands of one call, tensors [B1, B2, S, H, d]; {@code logSumExp} [B1, B2, H, Sq], null when not needed. */
    record Call(
            AttentionSizes sizes,
            Tensor out,
            @Nullable MemorySegment logSumExp,
            Tensor q,
            Tensor k,
            Tensor v,
            float scale) {
        private Form form(int heads, int queries) {
            return new Form(
                    heads,
                    queries,
                    sizes.keys(),
                    sizes.headDim(),
                    Strides.of(q),
                    Strides.of(k),
                    Strides.of(v),
                    Strides.of(out),
                    scale);
        }

        /** Address of a row of a head; heads are numbered over [B1, B2, H]. */
        long address(Tensor tensor, long head, long row) {
            long sequence = head / sizes.heads();
            long element = sequence / sizes.inner() * tensor.stride(0)
                    + sequence % sizes.inner() * tensor.stride(1)
                    + head % sizes.heads() * tensor.stride(3)
                    + row * tensor.stride(2);
            return tensor.address() + element * Float.BYTES;
        }
    }

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

    /** @param grain heads worth a worker's waking */
    void forward(Call call, long grain) {
        AttentionSizes sizes = call.sizes;
        int block = Math.min(BLOCK, sizes.queries());
        int rest = sizes.queries() % block;
        int together = headsTogether(sizes.heads(), SCORES_BYTES / (4L * block * sizes.keys()));
        Form whole = call.form(together, block);
        Form last = rest == 0 ? whole : call.form(together, rest);
        plans.use(
                whole,
                blocks -> plans.use(last, end -> {
                    long groups = sizes.problems() / together;
                    team.parallelFor(groups, Math.max(1, grain / together), (worker, from, to) -> {
                        for (long head = from * together; head < to * together; head += together) {
                            int first = 0;
                            for (; first <= sizes.queries() - block; first += block) {
                                blocks.run(worker, call, head, first);
                            }
                            if (rest > 0) {
                                end.run(worker, call, head, first);
                            }
                        }
                    });
                }));
    }

    /** The greatest number that divides {@code heads} and is not above {@code most}, at least 1. */
    private static int headsTogether(int heads, long most) {
        return IntStream.iterate(heads, n -> n - 1)
                .filter(n -> heads % n == 0 && (n <= most || n == 1))
                .findFirst()
                .orElseThrow();
    }

    @Override
    public void close() {
        plans.close();
    }
}
