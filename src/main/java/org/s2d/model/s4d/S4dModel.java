package org.s2d.model.s4d;

import java.util.function.UnaryOperator;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.Dropout;
import org.s2d.model.Classifier;
import org.s2d.nn.LayerNorm;
import org.s2d.nn.Linear;
import org.s2d.nn.Module;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.Shape;

/**
 * S4D: one vision transformer for photos and clips, with mixtures of adapter experts, and a head for each (Chen et al., arXiv
 * 2409.06154). Parameter names are those of the authors' checkpoints.
 */
public final class S4dModel extends Module implements Classifier {
    private final S4dConfig config;
    private final Tower tower;
    private final LayerNorm norm;
    private final Head head;

    public S4dModel(ParameterFactory root, S4dConfig config) {
        super(root);
        this.config = config;
        int width = config.vit().embedDim();
        // 0.02 is the authors' value at width 768; narrow models keep the size of a layer's output.
        ParameterFactory factory = root.withLinearStd(0.02 * Math.sqrt(Math.max(1, 768.0 / width)));
        tower = register(new Tower(factory, config.vit(), config.experts()));
        norm = register(new LayerNorm(factory.child("fc_norm"), width, 1e-6));
        head = register(new Head(factory.child("head"), config));
    }

    public S4dConfig config() {
        return config;
    }

    @Override
    public Output classify(Tape tape, Var x, UnaryOperator<Var> landmarks) {
        return forward(tape, x, config.experts().noiseAtInference() ? RouterNoise.ALWAYS : RouterNoise.IN_TRAINING);
    }

    @Override
    public int classes(Shape clips) {
        return Tower.isPhoto(clips) ? config.imageClasses() : config.videoClasses();
    }

    @Override
    public int width() {
        return config.vit().embedDim();
    }

    @Override
    public int depth() {
        return config.vit().depth();
    }

    /**
     * Class scores by the head for the input's kind, the feature after head dropout, and the sum of the experts' balance losses.
     *
     * @param x photos [B, 3, H, W] or [B, 3, 1, H, W], or clips [B, 3, T, H, W], normalised as ImageNet
     */
    public Output forward(Tape tape, Var x, RouterNoise noise) {
        Tower.Output encoded = tower.blocks(tape, tower.embed(tape, x), noise);
        try (Tape.Frame frame = tape.frame()) {
            Var pooled = norm.forwardFloat(tape, Arithmetic.mean(tape, encoded.tokens(), 1));
            Var feature = frame.keep(Dropout.apply(tape, pooled, config.headDropout()));
            Linear scores = Tower.isPhoto(x.shape()) ? head.image : head.video;
            return new Output(frame.keep(scores.forwardFloat(tape, feature)), feature, encoded.balanceLoss());
        }
    }

    private static final class Head extends Module {
        private final Linear image;
        private final Linear video;

        Head(ParameterFactory factory, S4dConfig config) {
            super(factory);
            int width = config.vit().embedDim();
            image = register(Linear.of(factory.child("image"), width, config.imageClasses(), true));
            video = register(Linear.of(factory.child("video"), width, config.videoClasses(), true));
        }
    }
}
