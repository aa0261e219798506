package org.s2d.nn;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Attention;
import org.s2d.autograd.ops.Views;
import org.s2d.tensor.ShapeException;

/**
 * Multi-head self-attention with packed {@code qkv} and output projection {@code proj}: among the tokens of a frame, or among the
 * frames of a clip at each token. [F, N, D] to [F, N, D]. Source: timm Attention.
 */
public final class SelfAttention extends Module {
    private final Linear qkv;
    private final Linear proj;
    private final int width;
    private final int heads;

    /** Which tokens attend to all of their frame. */
    public enum Queries {
        ALL,
        /** The class token, where it alone is read out. */
        FIRST;

        /** These of tokens [F, N, D]. */
        Var of(Tape tape, Var tokens) {
            return this == ALL ? tokens : Views.contiguous(tape, Views.narrow(tape, tokens, 1, 0, 1));
        }
    }

    /** What is added to queries, keys and values. */
    public enum QkvBias {
        NONE,
        /** One packed parameter. */
        ALL,
        /** Parameters {@code q_bias} and {@code v_bias}; nothing to keys, where it would change no attention. */
        QUERIES_AND_VALUES
    }

    public SelfAttention(ParameterFactory factory, int width, int heads, QkvBias bias) {
        super(factory);
        if (heads <= 0 || width % heads != 0) {
            throw new ShapeException("attention: width " + width + " is not divisible by " + heads + " heads")
                    .at(factory.path());
        }
        this.width = width;
        this.heads = heads;
        if (bias == QkvBias.QUERIES_AND_VALUES) {
            List<@Nullable String> names = Arrays.asList("q_bias", null, "v_bias");
            ParameterStack stack = register(factory.stack(names, Init.constant(0), width));
            qkv = register(Linear.withBias(factory.child("qkv"), width, 3 * width, stack.concatenated()));
        } else {
            qkv = register(Linear.of(factory.child("qkv"), width, 3 * width, bias == QkvBias.ALL));
        }
        proj = register(Linear.of(factory.child("proj"), width, width, true));
    }

    public Var forward(Tape tape, Var x) {
        return forward(tape, x, Queries.ALL);
    }

    /** What {@code queries} make of all tokens: [F, N, D] to [F, N, D], or [F, 1, D] for the first alone. */
    Var forward(Tape tape, Var x, Queries queries) {
        return proj.forward(tape, mixed(tape, x, queries));
    }

    /** {@code residual} plus that. */
    Var forwardResidual(Tape tape, Var x, Queries queries, Var residual) {
        return proj.forwardResidual(tape, mixed(tape, x, queries), residual);
    }

    private Var mixed(Tape tape, Var x, Queries queries) {
        if (queries == Queries.ALL) {
            return Attention.overTokens(tape, qkv.forward(tape, x), heads);
        }
        Var query = qkv.forwardSome(tape, queries.of(tape, x), 0, width);
        Var keysAndValues = qkv.forwardSome(tape, x, width, 2 * width);
        return Attention.cross(tape, query, keysAndValues, heads);
    }

    /** Attention over the {@code frames} frames of each clip, inside a narrow adapter. */
    public Var forwardOverTime(Tape tape, Var x, int frames) {
        return proj.forwardCheap(tape, Attention.overTime(tape, qkv.forwardCheap(tape, x), heads, frames));
    }
}
