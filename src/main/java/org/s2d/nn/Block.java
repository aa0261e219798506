package org.s2d.nn;

import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.DropPath;
import org.s2d.autograd.ops.ResidualNorm;
import org.s2d.nn.SelfAttention.QkvBias;
import org.s2d.nn.SelfAttention.Queries;

/**
 * Pre-norm transformer block: {@code x + attn(norm1(x))}, then {@code x + mlp(norm2(x))}, with stochastic depth per row of the first
 * dimension. [F, N, D] to [F, N, D]. Source: timm Block.
 */
public final class Block extends Module {
    private final LayerNorm norm1;
    private final SelfAttention attn;
    private final LayerNorm norm2;
    private final Mlp mlp;
    private final @Nullable Parameter gamma1;
    private final @Nullable Parameter gamma2;
    private final double dropPath;

    /**
     * Sizes and rates of a block.
     *
     * @param hidden width of the feed-forward layer
     * @param dropPath probability of stochastic depth
     * @param layerScale first value of {@code gamma_1} and {@code gamma_2} [D], factors on both branches; 0: none
     */
    public record Sizes(int width, int heads, int hidden, QkvBias qkvBias, double dropPath, double layerScale) {}

    /** A layer beside the feed-forward one, on the same input. */
    @FunctionalInterface
    public interface Beside {
        Beside NONE = (normed, sum) -> sum;

        /** {@code sum} plus the layer's result on the normalised tokens. */
        Var addTo(Var normed, Var sum);
    }

    public Block(ParameterFactory factory, Sizes sizes) {
        super(factory);
        int width = sizes.width();
        Init scale = Init.constant(sizes.layerScale());
        boolean scaled = sizes.layerScale() != 0;
        gamma1 = scaled ? register(factory.parameter("gamma_1", scale, width)) : null;
        gamma2 = scaled ? register(factory.parameter("gamma_2", scale, width)) : null;
        norm1 = register(new LayerNorm(factory.child("norm1"), width, 1e-6));
        attn = register(new SelfAttention(factory.child("attn"), width, sizes.heads(), sizes.qkvBias()));
        norm2 = register(new LayerNorm(factory.child("norm2"), width, 1e-6));
        mlp = register(new Mlp(factory.child("mlp"), width, sizes.hidden()));
        dropPath = sizes.dropPath();
    }

    public Var forward(Tape tape, Var x) {
        return forward(tape, x, Beside.NONE);
    }

    public Var forward(Tape tape, Var x, Beside beside) {
        try (Tape.Frame frame = tape.frame()) {
            ResidualNorm.Result input = new ResidualNorm.Result(x, norm1.forward(tape, x));
            return frame.keep(branches(tape, input, Queries.ALL, beside));
        }
    }

    /**
     * The block of a sum, which is formed and normalised in one pass; of x where there are no addends.
     *
     * @param wanted the tokens whose results are computed: [F, N, D] to [F, N, D] or [F, 1, D]
     */
    public Var forward(Tape tape, Var x, ResidualNorm.@Nullable Addends addends, Queries wanted) {
        try (Tape.Frame frame = tape.frame()) {
            ResidualNorm.Result input = addends == null
                    ? new ResidualNorm.Result(x, norm1.forward(tape, x))
                    : norm1.forwardSum(tape, x, addends);
            return frame.keep(branches(tape, input, wanted, Beside.NONE));
        }
    }

    private Var branches(Tape tape, ResidualNorm.Result input, Queries wanted, Beside beside) {
        Var normed = observed(tape, "norm1.out", input.normed());
        Var x = wanted.of(tape, input.sum());
        // Somebody who watches wants the branches alone, which the fused sums never form.
        boolean separate = tape.isObserved() || gamma1 != null || (tape.isTraining() && dropPath > 0);
        if (separate) {
            Var attended = scaled(tape, observed(tape, "attn.out", attn.forward(tape, normed, wanted)), gamma1);
            ResidualNorm.Addends branch =
                    ResidualNorm.Addends.branch(attended, DropPath.scales(tape, x.dim(0), dropPath));
            ResidualNorm.Result middle = norm2.forwardSum(tape, x, branch);
            Var fed = observed(tape, "mlp.out", mlp.forward(tape, middle.normed()));
            Var both = scaled(tape, beside.addTo(middle.normed(), fed), gamma2);
            Var dropped = DropPath.apply(tape, both, dropPath);
            return observed(tape, "out", Arithmetic.add(tape, middle.sum(), dropped));
        }
        Var middle = attn.forwardResidual(tape, normed, wanted, x);
        Var rows = norm2.forward(tape, middle);
        return observed(tape, "out", beside.addTo(rows, mlp.forwardResidual(tape, rows, middle)));
    }

    private static Var scaled(Tape tape, Var branch, @Nullable Parameter gamma) {
        return gamma == null ? branch : Arithmetic.multiply(tape, branch, tape.leaf(gamma));
    }
}
