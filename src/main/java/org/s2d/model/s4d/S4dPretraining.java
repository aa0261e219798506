package org.s2d.model.s4d;

import java.util.ArrayList;
import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.Gather;
import org.s2d.autograd.ops.PatchTargets;
import org.s2d.autograd.ops.SquaredError;
import org.s2d.autograd.ops.Views;
import org.s2d.device.ImageNet;
import org.s2d.device.TokenKernels.Standardise;
import org.s2d.nn.Block;
import org.s2d.nn.LayerNorm;
import org.s2d.nn.Linear;
import org.s2d.nn.Module;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * S4D's masked auto-encoder: an encoder of the visible tokens alone, and a small decoder that predicts the pixels of the hidden ones.
 * Parameter names are those of the authors' checkpoints.
 */
public final class S4dPretraining extends Module {
    private final PretrainingConfig config;
    private final Parameter maskToken;
    private final Encoder encoder;
    private final Decoder decoder;
    private final Linear encoderToDecoder;
    private final Tensor positions;
    private final Tensor mean;
    private final Tensor std;

    public S4dPretraining(ParameterFactory root, PretrainingConfig config) {
        super(root);
        this.config = config;
        S4dConfig.Vit vit = config.encoder();
        ParameterFactory factory = root.withLinearStd(0.02 * Math.sqrt(Math.max(1, 768.0 / vit.embedDim())));
        maskToken = register(factory.parameter("mask_token", factory.linearInit(), 1, 1, config.decoderDim()));
        encoder = register(new Encoder(factory.child("encoder"), vit));
        decoder = register(new Decoder(factory.child("decoder"), config));
        encoderToDecoder =
                register(Linear.of(factory.child("encoder_to_decoder"), vit.embedDim(), config.decoderDim(), false));
        positions = Sinusoids.table(factory, vit.tokensPerClip(), config.decoderDim());
        mean = perChannel(factory, ImageNet::mean);
        std = perChannel(factory, ImageNet::deviation);
    }

    private interface OfChannel {
        float at(int channel);
    }

    /** By which inputs were normalised and are un-normalised to [0, 1]. */
    private static Tensor perChannel(ParameterFactory factory, OfChannel value) {
        return factory.constant(new int[] {3}, value.at(0), value.at(1), value.at(2));
    }

    public PretrainingConfig config() {
        return config;
    }

    /** Tokens of photos or clips of a shape. */
    public int tokens(Shape input) {
        return Tower.isPhoto(input)
                ? config.encoder().tokensPerImage()
                : config.encoder().tokensPerClip();
    }

    /** What the decoder makes of every token, hidden or not: photos [B, 3, H, W] or clips [B, 3, T, H, W] to [B, N, 3*F*P*P] numbers. */
    public Var forward(Tape tape, Var x, Mask mask) {
        if (mask.samples() != x.dim(0) || mask.tokens() != tokens(x.shape())) {
            throw new ShapeException("mask: of " + mask.samples() + " x " + mask.tokens() + " tokens for input "
                    + x.shape() + " with " + tokens(x.shape()));
        }
        Gather.Places visible = mask.visible(tape);
        Var encoded = encoder.forward(tape, x, visible);
        Var narrow = encoderToDecoder.forward(tape, encoded);
        tape.observe("encoder_to_decoder.out", narrow);
        Tensor table = positions.select(0, 0).narrow(0, 0, mask.tokens());
        Var rows = Gather.restore(tape, narrow, visible.reversed(), tape.leaf(maskToken), table);
        Var all = Views.reshape(tape, rows, mask.samples(), mask.tokens(), config.decoderDim());
        tape.observe("decoder.in", all);
        return decoder.forward(tape, all);
    }

    /** The mean over hidden tokens of the mean squared error of their numbers, a scalar. */
    public Var loss(Tape tape, Var predicted, Tensor x, Mask mask, Standardise standardise) {
        Tensor targets = targets(tape, x, standardise);
        int rows = mask.samples() * mask.tokens();
        Var flat = Views.reshape(tape, predicted, rows, predicted.dim(2));
        Var perToken = SquaredError.apply(tape, flat, tape.constant(targets.reshape(rows, predicted.dim(2))));
        Var hidden = Arithmetic.multiply(tape, perToken, tape.constant(mask.weights(tape)));
        double count = Math.max(1, mask.samples() * mask.hiddenTokens());
        return Arithmetic.scale(tape, Arithmetic.sum(tape, hidden, 0), 1 / count);
    }

    /** What is to be predicted, [B, N, 3*F*P*P]. */
    public Tensor targets(Tape tape, Tensor x, Standardise standardise) {
        S4dConfig.Vit vit = config.encoder();
        Tensor clips = x;
        if (Tower.isPhoto(x.shape())) {
            Tensor one = x.rank() == 5 ? x : x.unflatten(1, x.dim(1), 1);
            clips = one.expand(one.shape().with(2, vit.tubelet()));
        }
        return PatchTargets.of(tape, clips, vit.tubelet(), vit.patchSize(), std, mean, standardise);
    }

    private static final class Encoder extends Module {
        private final Tower tower;
        private final LayerNorm norm;

        Encoder(ParameterFactory factory, S4dConfig.Vit vit) {
            super(factory);
            tower = register(new Tower(factory, vit, S4dConfig.Experts.none()));
            norm = register(new LayerNorm(factory.child("norm"), vit.embedDim(), 1e-6));
        }

        Var forward(Tape tape, Var x, Gather.Places visible) {
            Var tokens = tower.embedVisible(tape, x, visible);
            return observed(
                    tape,
                    "out",
                    norm.forward(
                            tape,
                            tower.blocks(tape, tokens, RouterNoise.IN_TRAINING).tokens()));
        }
    }

    private static final class Decoder extends Module {
        private final List<Block> blocks = new ArrayList<>();
        private final LayerNorm norm;
        private final Linear head;

        Decoder(ParameterFactory factory, PretrainingConfig config) {
            super(factory);
            S4dConfig.Vit vit = config.decoder();
            for (int i = 0; i < vit.depth(); i++) {
                blocks.add(register(new Block(factory.child("blocks." + i), Tower.sizes(vit, i))));
            }
            norm = register(new LayerNorm(factory.child("norm"), vit.embedDim(), 1e-6));
            head = register(Linear.of(factory.child("head"), vit.embedDim(), vit.pixels(), true));
        }

        Var forward(Tape tape, Var tokens) {
            Var x = tokens;
            for (Block block : blocks) {
                x = block.forward(tape, x);
            }
            return head.forwardFloat(tape, norm.forward(tape, x));
        }
    }
}
