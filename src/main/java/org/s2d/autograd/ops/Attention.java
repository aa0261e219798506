package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * Scaled dot-product attention {@code softmax(q k^T / sqrt(d)) v} for every head, without a matrix of scores in memory.
 *
 * <p>Shapes: packed qkv [F, N, 3*H*d] ordered [q|k|v], then heads; result [F, N, H*d]. {@link #overTokens} attends among the N
 * tokens of each frame, {@link #overTime} among the T frames of a clip at each token (F = B*T), {@link #cross} from one set of
 * tokens to another. Keeps qkv unless it is computed again ({@link Tape#reading}), one log-sum-exp per query and head, and the result
 * where the device's backward pass reads it. Cost: 4*S^2*d FLOP per head and sequence. Source: torch.nn.functional.scaled_dot_product_attention; timm Attention for the packed layout.
 */
public final class Attention {
    private Attention() {}

    /** Among the tokens of each frame: qkv [F, N, 3*H*d] to [F, N, H*d]. */
    public static Var overTokens(Tape tape, Var qkv, int heads) {
        int width = width(qkv, heads);
        Layout layout = tensor -> tensor.unflatten(-1, heads, width / heads).unflatten(0, tensor.dim(0), 1);
        return packed(tape, qkv, heads, layout);
    }

    /** Among the frames of each clip, at each token: qkv [B*T, N, 3*H*d] to [B*T, N, H*d]. */
    public static Var overTime(Tape tape, Var qkv, int heads, int frames) {
        int width = width(qkv, heads);
        if (frames <= 0 || qkv.dim(0) % frames != 0) {
            throw new ShapeException("attention: " + qkv.dim(0) + " frames are not whole clips of " + frames);
        }
        Layout layout = tensor -> tensor.unflatten(-1, heads, width / heads)
                .unflatten(0, tensor.dim(0) / frames, frames)
                .permute(0, 2, 1, 3, 4);
        return packed(tape, qkv, heads, layout);
    }

    /** Queries q [F, Nq, H*d] to keys and values packed kv [F, Nk, 2*H*d]: result [F, Nq, H*d]. */
    public static Var cross(Tape tape, Var q, Var kv, int heads) {
        int width = q.dim(-1);
        if (q.shape().rank() != 3 || kv.shape().rank() != 3 || kv.dim(0) != q.dim(0) || kv.dim(2) != 2 * width) {
            throw new ShapeException("attention: queries " + q.shape() + " do not fit keys and values " + kv.shape());
        }
        if (heads <= 0 || width % heads != 0) {
            throw new ShapeException("attention: width " + width + " is not divisible by " + heads + " heads");
        }
        Layout layout = tensor -> tensor.unflatten(-1, heads, width / heads).unflatten(0, tensor.dim(0), 1);
        Tensor queries = tape.contiguous(q.value());
        Tensor pairs = tape.contiguous(kv.value());
        Tensor out = tape.allocate(queries.dtype(), queries.shape());
        Tensor keys = pairs.narrow(2, 0, width);
        Tensor values = pairs.narrow(2, width, width);
        double scale = 1 / Math.sqrt(width / (double) heads);
        Tensor logSumExp = tape.needsGrad(q, kv) ? logSumExp(tape, layout.of(queries)) : null;
        tape.device()
                .attention()
                .attention(layout.of(out), logSumExp, layout.of(queries), layout.of(keys), layout.of(values), scale);
        if (logSumExp == null) {
            return tape.constant(out);
        }
        Result result = Result.of(tape, out, layout);
        return tape.record("attention", out, result.with(queries, pairs, logSumExp), grad -> {
            Tensor gradQ = tape.allocate(queries.dtype(), queries.shape());
            Tensor gradKv = tape.allocate(pairs.dtype(), pairs.shape());
            tape.device()
                    .attention()
                    .attentionBackward(
                            layout.of(gradQ),
                            layout.of(gradKv.narrow(2, 0, width)),
                            layout.of(gradKv.narrow(2, width, width)),
                            layout.of(tape.contiguous(grad)),
                            layout.of(queries),
                            layout.of(keys),
                            layout.of(values),
                            result.seen,
                            logSumExp,
                            scale);
            tape.accumulate(q, gradQ);
            tape.accumulate(kv, gradKv);
        });
    }

    /** Sees a [F, N, H*d] part of a tensor as [B1, B2, S, H, d]. */
    private interface Layout {
        Tensor of(Tensor part);
    }

    /** The result as the backward pass reads it; null where it does not. */
    private record Result(@Nullable Tensor seen) {
        static Result of(Tape tape, Tensor out, Layout layout) {
            return new Result(tape.device().attention().backwardReadsResult() ? layout.of(out) : null);
        }

        /** Other tensors to be kept, and this. */
        List<Tensor> with(Tensor... others) {
            List<Tensor> kept = new ArrayList<>(List.of(others));
            if (seen != null) {
                kept.add(seen);
            }
            return kept;
        }
    }

    private static int width(Var qkv, int heads) {
        if (qkv.shape().rank() != 3 || heads <= 0 || qkv.dim(2) % (3 * heads) != 0) {
            throw new ShapeException(
                    "attention: packed qkv " + qkv.shape() + " is not [F, N, 3 * " + heads + " heads * d]");
        }
        return qkv.dim(2) / 3;
    }

    /** Parts of a packed tensor as the kernels see them. */
    private record Packed(Tensor q, Tensor k, Tensor v) {
        static Packed of(Tensor qkv, Layout layout) {
            int width = qkv.dim(2) / 3;
            return new Packed(
                    layout.of(qkv.narrow(2, 0, width)),
                    layout.of(qkv.narrow(2, width, width)),
                    layout.of(qkv.narrow(2, 2 * width, width)));
        }
    }

    private static Var packed(Tape tape, Var qkv, int heads, Layout layout) {
        Tensor in = tape.contiguous(qkv.value());
        int width = in.dim(2) / 3;
        Tensor out = tape.allocate(in.dtype(), in.shape().with(2, width));
        Packed parts = Packed.of(in, layout);
        double scale = 1 / Math.sqrt(width / (double) heads);
        Tensor logSumExp = tape.needsGrad(qkv) ? logSumExp(tape, parts.q) : null;
        tape.device().attention().attention(layout.of(out), logSumExp, parts.q, parts.k, parts.v, scale);
        if (logSumExp == null) {
            return tape.constant(out);
        }
        Result result = Result.of(tape, out, layout);
        List<Tensor> kept = result.with(logSumExp);
        Supplier<Tensor> read = tape.reading(qkv, in, kept);
        return tape.record("attention", out, kept, grad -> {
            Packed given = Packed.of(read.get(), layout);
            Tensor gradIn = tape.allocate(in.dtype(), in.shape());
            Packed found = Packed.of(gradIn, layout);
            tape.device()
                    .attention()
                    .attentionBackward(
                            found.q,
                            found.k,
                            found.v,
                            layout.of(tape.contiguous(grad)),
                            given.q,
                            given.k,
                            given.v,
                            result.seen,
                            logSumExp,
                            scale);
            tape.accumulate(qkv, gradIn);
        });
    }

    private static Tensor logSumExp(Tape tape, Tensor q) {
        return tape.allocate(tape.floatType(), Shape.of(q.dim(0), q.dim(1), q.dim(3), q.dim(2)));
    }
}
