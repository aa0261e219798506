package org.s2d.nn;

import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.DropPath;

/**
 * Pre-norm transformer block: {@code x + attn(norm1(x))}, then {@code x + mlp(norm2(x))}, with stochastic depth per row of the first
 * dimension. [F, N, D] to [F, N, D]. Source: timm Block.
 */
public final class Block extends Module {
    private final LayerNorm norm1;
    private final SelfAttention attn;
    private final LayerNorm norm2;
    private final Mlp mlp;
    private final double dropPath;

    public Block(ParameterFactory factory, int width, int heads, int hidden, boolean qkvBias, double dropPath) {
        super(factory);
        norm1 = register(new LayerNorm(factory.child("norm1"), width, 1e-6));
        attn = register(new SelfAttention(factory.child("attn"), width, heads, qkvBias));
        norm2 = register(new LayerNorm(factory.child("norm2"), width, 1e-6));
        mlp = register(new Mlp(factory.child("mlp"), width, hidden));
        this.dropPath = dropPath;
    }

    public Var forward(Tape tape, Var x) {
        // Somebody who watches wants the branches alone, which the fused sums never form.
        boolean separate = tape.isObserved() || (tape.isTraining() && dropPath > 0);
        try (Tape.Frame frame = tape.frame()) {
            Var normed = observed(tape, "norm1.out", norm1.forward(tape, x));
            Var middle = separate
                    ? addBranch(tape, x, observed(tape, "attn.out", attn.forward(tape, normed)))
                    : attn.forwardResidual(tape, normed, x);
            Var normed2 = norm2.forward(tape, middle);
            Var out = separate
                    ? addBranch(tape, middle, observed(tape, "mlp.out", mlp.forward(tape, normed2)))
                    : mlp.forwardResidual(tape, normed2, middle);
            return frame.keep(observed(tape, "out", out));
        }
    }

    private Var addBranch(Tape tape, Var x, Var branch) {
        return Arithmetic.add(tape, x, DropPath.apply(tape, branch, dropPath));
    }
}
