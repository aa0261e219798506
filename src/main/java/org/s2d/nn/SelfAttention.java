package org.s2d.nn;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Attention;
import org.s2d.tensor.ShapeException;

/**
 * Multi-head self-attention with packed {@code qkv} and output projection {@code proj}: among the tokens of a frame, or among the
 * frames of a clip at each token. [F, N, D] to [F, N, D]. Source: timm Attention.
 */
public final class SelfAttention extends Module {
    private final Linear qkv;
    private final Linear proj;
    private final int heads;

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
        return proj.forward(tape, Attention.overTokens(tape, qkv.forward(tape, x), heads));
    }

    /** {@code residual + attention(x)}. */
    public Var forwardResidual(Tape tape, Var x, Var residual) {
        return proj.forwardResidual(tape, Attention.overTokens(tape, qkv.forward(tape, x), heads), residual);
    }

    /** Attention over the {@code frames} frames of each clip. */
    public Var forwardOverTime(Tape tape, Var x, int frames) {
        return proj.forward(tape, Attention.overTime(tape, qkv.forward(tape, x), heads, frames));
    }
}
