package org.s2d.model.s4d;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.Gather;
import org.s2d.autograd.ops.Tokens;
import org.s2d.autograd.ops.Views;
import org.s2d.nn.Block;
import org.s2d.nn.Init;
import org.s2d.nn.Linear;
import org.s2d.nn.Module;
import org.s2d.nn.ParameterFactory;
import org.s2d.nn.SelfAttention.QkvBias;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * The transformer over tubelets that fine-tuning and pre-training share: tokens of photos [B, 3, H, W] or clips [B, 3, T, H, W], and the
 * blocks. Its parameters are named as if they were those of the module around it.
 */
final class Tower extends Module {
    private final S4dConfig.Vit vit;
    private final Embedding patchEmbed;
    private final Tensor positions;
    private final List<Block> blocks = new ArrayList<>();
    private final TreeMap<Integer, ExpertLayer> experts = new TreeMap<>();

    /** Tokens after the last block, and the sum of the balance losses; null without experts. */
    record Output(Var tokens, @Nullable Var balanceLoss) {}

    Tower(ParameterFactory factory, S4dConfig.Vit vit, S4dConfig.Experts mixtures) {
        super(factory);
        this.vit = vit;
        int width = vit.embedDim();
        patchEmbed = register(new Embedding(factory.child("patch_embed"), vit));
        positions = Sinusoids.table(factory, vit.tokensPerClip(), width);
        for (int i = 0; i < vit.depth(); i++) {
            blocks.add(register(new Block(factory.child("blocks." + i), sizes(vit, i))));
            if (mixtures.layers().contains(i)) {
                ParameterFactory child = factory.child("blocks." + i).child("moe_layer");
                experts.put(i, register(new ExpertLayer(child, mixtures, i, width)));
            }
        }
    }

    /** Of block {@code i}. */
    static Block.Sizes sizes(S4dConfig.Vit vit, int i) {
        double dropPath = vit.depth() == 1 ? 0 : vit.dropPath() * i / (vit.depth() - 1);
        return new Block.Sizes(
                vit.embedDim(), vit.heads(), vit.hidden(), QkvBias.QUERIES_AND_VALUES, dropPath, vit.layerScale());
    }

    /** Whether inputs of a shape are photos, [B, 3, H, W] or [B, 3, 1, H, W], and not clips. */
    static boolean isPhoto(Shape shape) {
        return shape.rank() == 4 || (shape.rank() == 5 && shape.dim(2) == 1);
    }

    /** Pixels of tubelets [B, N, 3*F*P*P]; a photo is repeated to the frames of one. */
    Var tubelets(Tape tape, Var x) {
        Shape shape = x.shape();
        int side = vit.imageSize();
        boolean photo = isPhoto(shape);
        int frames = photo ? vit.tubelet() : vit.frames();
        Var clips = x;
        if (photo) {
            Var one = shape.rank() == 5 ? x : Views.unflatten(tape, x, 1, shape.dim(1), 1);
            clips = Views.expand(tape, one, one.shape().with(2, frames));
        }
        if (clips.shape().rank() != 5 || !clips.shape().equals(Shape.of(shape.dim(0), 3, frames, side, side))) {
            throw new ShapeException("s4d: input " + shape + ", expected photos (B, 3, " + side + ", " + side
                    + ") or clips (B, 3, " + vit.frames() + ", " + side + ", " + side + ")");
        }
        return Tokens.tubelets(tape, clips, vit.tubelet(), vit.patchSize());
    }

    /** Tokens with their positions, [B, N, D]. */
    Var embed(Tape tape, Var x) {
        try (Tape.Frame frame = tape.frame()) {
            Var tokens = observed(tape, "patch_embed.out", patchEmbed.forward(tape, tubelets(tape, x)));
            Tensor own = positions.narrow(1, 0, tokens.dim(1));
            return frame.keep(Arithmetic.add(tape, tokens, tape.constant(own)));
        }
    }

    /** Of each photo or clip the tokens that a mask leaves visible, with their positions: [B, V, D]. Others are never computed. */
    Var embedVisible(Tape tape, Var x, Gather.Places visible) {
        try (Tape.Frame frame = tape.frame()) {
            Var pixels = tubelets(tape, x);
            if (tape.isObserved()) {
                observed(tape, "patch_embed.out", patchEmbed.forward(tape, tape.constant(pixels.value())));
            }
            Var tokens = patchEmbed.forward(tape, Gather.rows(tape, pixels, visible));
            Tensor own = positions.narrow(1, 0, pixels.dim(1));
            Var all = tape.constant(own.expand(pixels.shape().with(2, vit.embedDim())));
            Var placed = Arithmetic.add(tape, tokens, Gather.rows(tape, all, visible));
            return frame.keep(
                    Views.reshape(tape, placed, x.dim(0), tokens.dim(0) / Math.max(1, x.dim(0)), vit.embedDim()));
        }
    }

    /** All blocks on tokens [B, N, D]. */
    Output blocks(Tape tape, Var tokens, RouterNoise noise) {
        Var x = tokens;
        Scope scope = tape.scope();
        List<Var> losses = new ArrayList<>();
        for (int i = 0; i < blocks.size(); i++) {
            ExpertLayer mixture = experts.get(i);
            Var before = x;
            x = blocks.get(i).forward(tape, x, (normed, sum) -> {
                if (mixture == null) {
                    return sum;
                }
                ExpertLayer.Output out = mixture.addTo(tape, normed, sum, noise);
                scope.keep(out.balanceLoss().value()); // outlives the block
                losses.add(out.balanceLoss());
                return out.sum();
            });
            scope.release(before.value());
        }
        return new Output(
                x, losses.stream().reduce((a, b) -> Arithmetic.add(tape, a, b)).orElse(null));
    }

    /** A 3-d convolution whose stride is its kernel, as a product over tubelets. */
    private static final class Embedding extends Module {
        private final Linear proj;

        Embedding(ParameterFactory factory, S4dConfig.Vit vit) {
            super(factory);
            proj = register(Linear.convolution(
                    factory.child("proj"),
                    Init.uniform(vit.pixels()),
                    vit.embedDim(),
                    3,
                    vit.tubelet(),
                    vit.patchSize(),
                    vit.patchSize()));
        }

        Var forward(Tape tape, Var pixels) {
            return proj.forwardFloat(tape, pixels);
        }
    }
}
