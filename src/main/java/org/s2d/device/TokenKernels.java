package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Tensor;

/** Kernels that move tokens: rows gathered by number, tokens routed to experts, and patches of pixels as targets. */
public interface TokenKernels {
    /** No row. */
    long NONE = -1;

    /**
     * {@code out[r] = base[r mod P] + sum_j weights[r, j] * row(index[r, j])}, where {@code row(i)} is {@code in[i]}, and {@code absent}
     * for {@link #NONE}. {@code out} [R, D]; contiguous; sums in F32.
     */
    void gather(Tensor out, Gather gather);

    /**
     * What is gathered.
     *
     * @param in [S, D]
     * @param index I64 [R, k], each {@link #NONE} or a row of {@code in}
     * @param weights [R, k]; null for ones
     * @param absent [D]; null for zeros
     * @param base [P, D], P a divisor of R; null for zeros
     */
    record Gather(
            Tensor in,
            Tensor index,
            @Nullable Tensor weights,
            @Nullable Tensor absent,
            @Nullable Tensor base) {
        /** The rows alone. */
        public static Gather rows(Tensor in, Tensor index) {
            return new Gather(in, index, null, null, null);
        }
    }

    /** {@code out[r, j] = rows[r] . in[index[r, j]]}, 0 for {@link #NONE}: rows [R, D], in [S, D], index I64 [R, k], out [R, k]; contiguous. */
    void gatherDot(Tensor out, Tensor rows, Tensor in, Tensor index);

    /**
     * Sends every token to the {@code k} experts with its greatest scores [B, N, E]; among equal ones to the first. An expert takes
     * {@code slots / E} tokens in their order, and drops the rest.
     */
    void route(Route out, Tensor scores);

    /**
     * Where tokens go; T = B * N tokens, S slots, those of expert e from {@code e * S / E} on. All contiguous.
     *
     * @param gates [B, N, k]: softmax of the scores of the chosen experts, best first
     * @param experts I64 [B, N, k]: the chosen experts
     * @param slots I64 [T, k]: where the token's copy for that expert lies; {@link #NONE} when dropped
     * @param tokens I64 [S, 1]: whose copy a slot holds; {@link #NONE} for an empty one
     * @param picks I64 [S, 1]: which of all T * k choices it is
     * @param shares [B, E]: part of a sample's tokens that chose the expert, dropped ones too
     */
    record Route(Tensor gates, Tensor experts, Tensor slots, Tensor tokens, Tensor picks, Tensor shares) {}

    /** {@code gradScores[t, e] = gate * (gradGate - sum_j gate_j gradGate_j)} for the chosen experts, 0 for others. */
    void routeBackward(Tensor gradScores, Tensor gradGates, Tensor gates, Tensor experts);

    /**
     * {@code v = in * scale[c] + shift[c]}, then {@code out = (v - mean) / sqrt(var + 1e-6)} over the pixels of a patch, variance
     * unbiased: in [R, P, C], scale and shift [C], out as in; contiguous.
     */
    void patchTargets(Tensor out, Tensor in, Tensor scale, Tensor shift, Standardise standardise);

    /** Over which numbers of a patch targets have mean 0 and variance 1. */
    enum Standardise {
        /** Of each channel. */
        CHANNEL,
        /** Of all channels together. */
        PATCH,
        /** Over none: {@code out = v}. */
        NOT
    }
}
