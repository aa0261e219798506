package org.s2d.model.s2d;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.Dropout;
import org.s2d.autograd.ops.ResidualNorm;
import org.s2d.autograd.ops.Tokens;
import org.s2d.autograd.ops.Views;
import org.s2d.model.Classifier;
import org.s2d.model.s2d.S2dConfig.GlobalPool;
import org.s2d.model.s2d.S2dConfig.Mode;
import org.s2d.nn.Block;
import org.s2d.nn.Init;
import org.s2d.nn.LayerNorm;
import org.s2d.nn.Linear;
import org.s2d.nn.Module;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.nn.SelfAttention.QkvBias;
import org.s2d.nn.SelfAttention.Queries;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;

/**
 * S2D: a vision transformer over the frames of a clip, prompted by landmark features before each block, with small adapters that mix
 * frames over time (Chen et al., arXiv 2312.05447). Parameter names are those of the authors' checkpoints.
 */
public final class S2dModel extends Module implements Classifier {
    private final S2dConfig config;
    private final Parameter clsToken;
    private final Parameter posEmbed;
    private final @Nullable Parameter temporalEmbedding;
    private final Embedding patchEmbed;
    private final Embedding patchEmbedPrompt;
    private final List<PromptBlock> promptBlocks = new ArrayList<>();
    private final List<LayerNorm> promptNorms = new ArrayList<>();
    private final List<Block> blocks = new ArrayList<>();
    private final LayerNorm norm;
    private final Head head;

    /** Class scores [B, C] and the clip's feature [B, D], taken after head dropout. */
    public record Output(Var logits, Var feature) {}

    public S2dModel(ParameterFactory root, S2dConfig config) {
        super(root);
        this.config = config;
        int width = config.embedDim();
        // 0.02 is the authors' value at width 768. Narrow models keep the size of a layer's output, else they hardly
        // learn.
        ParameterFactory factory = root.withLinearStd(0.02 * Math.sqrt(Math.max(1, 768.0 / width)));
        Init init = factory.linearInit();
        clsToken = register(factory.parameter("cls_token", init, 1, 1, width));
        posEmbed = register(factory.parameter("pos_embed", init, 1, config.tokens() + 1, width));
        temporalEmbedding = config.mode() == Mode.VIDEO
                ? register(factory.parameter("temporal_embedding", init, 1, config.frames(), width))
                : null;
        patchEmbed = register(new Embedding(factory.child("patch_embed"), width, 3, config.patchSize()));
        patchEmbedPrompt =
                register(new Embedding(factory.child("patch_embed_prompt"), width, config.landmarkChannels(), 1));
        int prompters = config.prompters();
        for (int i = 0; i < prompters; i++) {
            promptBlocks.add(register(new PromptBlock(factory.child("prompt_blocks." + i), config)));
        }
        for (int i = 0; i < prompters; i++) {
            promptNorms.add(register(new LayerNorm(factory.child("prompt_norms." + i), width, 1e-6)));
        }
        for (int i = 0; i < config.depth(); i++) {
            double dropPath = config.depth() == 1 ? 0 : config.dropPath() * i / (config.depth() - 1);
            int hidden = (int) (width * config.mlpRatio());
            QkvBias bias = config.qkvBias() ? QkvBias.ALL : QkvBias.NONE;
            Block.Sizes sizes = new Block.Sizes(width, config.heads(), hidden, bias, dropPath, 0);
            blocks.add(register(new Block(factory.child("blocks." + i), sizes)));
        }
        String normName = config.globalPool() == GlobalPool.TOKEN ? "ln_post" : "fc_norm";
        norm = register(new LayerNorm(factory.child(normName), width, 1e-6));
        head = register(new Head(factory.child("head"), config));
    }

    public S2dConfig config() {
        return config;
    }

    /**
     * Clips x [B, 3, T, H, W], normalised as ImageNet, and their landmark feature maps a [B*T, channels, h, w] (frame t of clip b in row
     * b*T + t; h*w patches) to class scores and feature.
     */
    public Output forward(Tape tape, Var x, Var a) {
        check(x.shape(), a.shape());
        Var tokens = encode(tape, x, a);
        try (Tape.Frame frame = tape.frame()) {
            Var rows = config.globalPool() == GlobalPool.TOKEN
                    ? Views.select(tape, tokens, 1, 0)
                    : Arithmetic.mean(tape, Views.narrow(tape, tokens, 1, 1, config.tokens()), 1);
            if (tape.isObserved() && config.globalPool() == GlobalPool.TOKEN) {
                // The fused pooling never stores them.
                tape.observe("ln_post.out.cls", norm.forwardFloat(tape, tape.constant(rows.value())));
            }
            Var pooled = norm.forwardMean(tape, rows, config.frames());
            Var feature = frame.keep(Dropout.apply(tape, pooled, config.headDropout()));
            return new Output(frame.keep(head.forward(tape, feature)), feature);
        }
    }

    @Override
    public Classifier.Output classify(Tape tape, Var x, UnaryOperator<Var> landmarks) {
        Output output = forward(tape, x, landmarks.apply(x));
        return new Classifier.Output(output.logits(), output.feature(), null);
    }

    @Override
    public int classes(Shape clips) {
        return config.classes();
    }

    @Override
    public int width() {
        return config.embedDim();
    }

    @Override
    public int depth() {
        return config.depth();
    }

    /**
     * Tokens after the last block, [B*T, N + 1, D], or the class token, [B*T, 1, D], where it is enough. Only two streams live from
     * block to block: image and landmark tokens.
     */
    private Var encode(Tape tape, Var x, Var a) {
        Var tokens = observed(tape, "patch_embed.out", patchEmbed.ofFrames(tape, x, config.patchSize()));
        Var landmark = observed(tape, "patch_embed_prompt.out", patchEmbedPrompt.ofMap(tape, a));
        for (int i = 0; i < config.depth(); i++) {
            Var before = tokens;
            Var landmarkBefore = landmark;
            try (Tape.Frame frame = tape.frame()) {
                List<Var> addends = List.of(landmark);
                if (i < promptBlocks.size()) {
                    PromptBlock.Output prompt = prompt(tape, i, tokens, landmark, i == 0 ? 0 : 1);
                    landmark = frame.keep(prompt.prompt());
                    addends = prompt.adapted() == null ? List.of(landmark) : List.of(prompt.adapted(), landmark);
                }
                if (i == 0) {
                    tokens = firstTokens(tape, tokens, addends);
                }
                ResidualNorm.Addends added =
                        i == 0 || i >= promptBlocks.size() ? null : ResidualNorm.Addends.after(1, addends);
                tokens = frame.keep(blocks.get(i).forward(tape, tokens, added, wanted(tape, i)));
            }
            tape.scope().release(before.value());
            if (landmark != landmarkBefore) {
                tape.scope().release(landmarkBefore.value());
            }
        }
        return tokens;
    }

    /** After the last block the class token alone is read, unless somebody watches: a sixteenth of the model's work less. */
    private Queries wanted(Tape tape, int block) {
        boolean last = block == config.depth() - 1;
        return last && config.globalPool() == GlobalPool.TOKEN && !tape.isObserved() ? Queries.FIRST : Queries.ALL;
    }

    /** Patches with what is added to them, class token and embeddings: what the first block reads. */
    private Var firstTokens(Tape tape, Var patches, List<Var> addends) {
        Var sum = Tokens.addAfter(tape, patches, 0, addends);
        Var temporal = temporalEmbedding == null ? null : tape.leaf(temporalEmbedding);
        Var tokens = Tokens.assemble(tape, sum, tape.leaf(clsToken), tape.leaf(posEmbed), temporal);
        tape.observe("tokens_in_block0", tokens);
        return tokens;
    }

    /** As released: norm i-1 before prompter i (norm 0 before prompter 0), norm 0 for every landmark stream. */
    private PromptBlock.Output prompt(Tape tape, int i, Var tokens, Var landmark, int classTokens) {
        Var patches = Views.narrow(tape, tokens, 1, classTokens, config.tokens());
        Var u = promptNorms.get(Math.max(0, i - 1)).forward(tape, patches);
        Var v = promptNorms.getFirst().forward(tape, landmark);
        return promptBlocks.get(i).forward(tape, u, v);
    }

    private void check(Shape x, Shape a) {
        int side = config.imageSize();
        if (x.rank() != 5 || !x.equals(Shape.of(x.dim(0), 3, config.frames(), side, side))) {
            throw new ShapeException(
                    "s2d: clips " + x + ", expected (B, 3, " + config.frames() + ", " + side + ", " + side + ")");
        }
        if (a.rank() != 4
                || a.dim(0) != x.dim(0) * config.frames()
                || a.dim(1) != config.landmarkChannels()
                || a.dim(2) * a.dim(3) != config.tokens()) {
            throw new ShapeException("s2d: landmark features " + a + ", expected (" + x.dim(0) * config.frames() + ", "
                    + config.landmarkChannels() + ", h, w) with h * w = " + config.tokens());
        }
    }

    /** A convolution whose stride is its kernel, as a product over patches. */
    private static final class Embedding extends Module {
        private final Linear proj;

        Embedding(ParameterFactory factory, int width, int channels, int patch) {
            super(factory);
            proj = register(Linear.convolution(
                    factory.child("proj"), Init.uniform(channels * patch * patch), width, channels, patch, patch));
        }

        /** [B, 3, T, H, W] to tokens [B*T, N, D] in the float type. */
        Var ofFrames(Tape tape, Var x, int patch) {
            try (Tape.Frame frame = tape.frame()) {
                return frame.keep(proj.forwardFloat(tape, Tokens.patches(tape, x, patch)));
            }
        }

        /** [F, C, h, w] to tokens [F, h*w, D]. */
        Var ofMap(Tape tape, Var a) {
            try (Tape.Frame frame = tape.frame()) {
                Var positions = Views.reshape(tape, a, a.dim(0), a.dim(1), a.dim(2) * a.dim(3));
                Var tokens = Views.contiguous(tape, Views.permute(tape, positions, 0, 2, 1));
                return frame.keep(proj.forward(tape, tokens));
            }
        }
    }

    private static final class Head extends Module {
        private final Linear fcCls;

        Head(ParameterFactory factory, S2dConfig config) {
            super(factory);
            fcCls = register(Linear.of(factory.child("fc_cls"), config.embedDim(), config.classes(), true));
        }

        Var forward(Tape tape, Var feature) {
            return fcCls.forwardFloat(tape, feature);
        }
    }
}
