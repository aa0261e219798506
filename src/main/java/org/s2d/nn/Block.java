package org.s2d.nn;

import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.DropPath;
import org.s2d.autograd.ops.ResidualNorm;

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
        try (Tape.Frame frame = tape.frame()) {
            return frame.keep(branches(tape, x, norm1.forward(tape, x)));
        }
    }

    /** The block of a sum, which is formed and normalised in one pass. */
    public Var forward(Tape tape, Var x, ResidualNorm.Addends addends) {
        try (Tape.Frame frame = tape.frame()) {
            ResidualNorm.Result input = norm1.forwardSum(tape, x, addends);
            return frame.keep(branches(tape, input.sum(), input.normed()));
        }
    }

    private Var branches(Tape tape, Var x, Var normed) {
        observed(tape, "norm1.out", normed);
        // Somebody who watches wants the branches alone, which the fused sums never form.
        boolean separate = tape.isObserved() || (tape.isTraining() && dropPath > 0);
        if (separate) {
            Var attended = observed(tape, "attn.out", attn.forward(tape, normed));
            ResidualNorm.Addends branch =
                    ResidualNorm.Addends.branch(attended, DropPath.scales(tape, x.dim(0), dropPath));
            ResidualNorm.Result middle = norm2.forwardSum(tape, x, branch);
            Var fed = observed(tape, "mlp.out", mlp.forward(tape, middle.normed()));
            Var dropped = DropPath.apply(tape, fed, dropPath);
            return observed(tape, "out", Arithmetic.add(tape, middle.sum(), dropped));
        }
        Var middle = attn.forwardResidual(tape, normed, x);
        return observed(tape, "out", mlp.forwardResidual(tape, norm2.forward(tape, middle), middle));
    }
}
