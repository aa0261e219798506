package org.s2d.model.s2d;

import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Attention;
import org.s2d.autograd.ops.Fovea;
import org.s2d.autograd.ops.FoveaPrompt;
import org.s2d.nn.Init;
import org.s2d.nn.Linear;
import org.s2d.nn.Module;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.Tensor;

/**
 * A landmark prompter with its temporal adapter: from normed image tokens u and landmark tokens v, both [F, N, D], the prompt p (the next
 * landmark stream) and the adapter's result w, to be added to the image tokens. Image models have no adapter.
 */
public final class PromptBlock extends Module {
    private final Prompt prompt;
    private final @Nullable TemporalAdapter adapter;

    public PromptBlock(ParameterFactory factory, S2dConfig config) {
        super(factory);
        prompt = switch (config.prompter()) {
            case FOVEA -> fovea(factory, config);
            case CROSS_ATTENTION -> crossAttention(factory, config);
        };
        adapter = config.mode() == S2dConfig.Mode.VIDEO
                ? register(new TemporalAdapter(factory.child("TMA"), config))
                : null;
    }

    /** The prompt, and what the temporal adapter adds where there is one. */
    public record Output(Var prompt, @Nullable Var adapted) {}

    public Output forward(Tape tape, Var image, Var landmark) {
        if (tape.isObserved()) {
            observed(tape, "in", concatenated(tape, image, landmark));
        }
        Var p = observed(tape, "out_prompt", prompt.of(tape, image, landmark));
        return new Output(p, adapter == null ? null : observed(tape, "out_tma", adapter.forward(tape, image)));
    }

    /** Both streams side by side, as the authors pass them: only for those who watch. */
    private static Var concatenated(Tape tape, Var image, Var landmark) {
        int width = image.dim(2);
        Tensor both = tape.allocate(image.value().dtype(), image.shape().with(2, 2 * width));
        tape.device().elementwise().copy(both.narrow(2, 0, width), image.value());
        tape.device().elementwise().copy(both.narrow(2, width, width), landmark.value());
        return tape.constant(both);
    }

    @FunctionalInterface
    private interface Prompt {
        Var of(Tape tape, Var image, Var landmark);
    }

    /** Both streams to a few channels, the image stream focused by a spatial softmax, summed, and back to D. */
    private Prompt fovea(ParameterFactory factory, S2dConfig config) {
        int width = config.embedDim();
        int hidden = config.promptWidth();
        Init xavier = Init.xavierUniform();
        Linear conv00 = register(Linear.convolution(factory.child("conv0_0"), xavier, hidden, width, 1, 1));
        Linear conv01 = register(Linear.convolution(factory.child("conv0_1"), xavier, hidden, width, 1, 1));
        Linear conv1x1 = register(Linear.convolution(factory.child("conv1x1"), xavier, width, hidden, 1, 1));
        Parameter smooth = register(new Smooth(factory.child("fovea"))).value;
        return (tape, image, landmark) -> {
            try (Tape.Frame frame = tape.frame()) {
                FoveaPrompt.Weights weights = new FoveaPrompt.Weights(
                        conv00.convolution(tape),
                        conv01.convolution(tape),
                        tape.leaf(smooth),
                        conv1x1.convolution(tape));
                FoveaPrompt.Result result = FoveaPrompt.apply(tape, image, landmark, weights);
                if (tape.isObserved()) {
                    // The fused operation never forms it.
                    Var narrow = tape.constant(result.narrow());
                    observed(tape, "fovea.out", Fovea.apply(tape, narrow, tape.constant(smooth.value())));
                }
                return frame.keep(result.prompt());
            }
        };
    }

    /** Image tokens ask the landmark tokens of their frame. */
    private Prompt crossAttention(ParameterFactory factory, S2dConfig config) {
        int width = config.embedDim();
        int hidden = config.adapterWidth();
        Linear query = register(Linear.of(factory.child("query"), width, hidden, true));
        Linear keyValue = register(Linear.of(factory.child("key_value"), width, 2 * hidden, true));
        Linear proj = register(Linear.of(factory.child("proj"), hidden, width, true));
        return (tape, image, landmark) -> {
            try (Tape.Frame frame = tape.frame()) {
                Var q = query.forward(tape, image);
                Var kv = keyValue.forward(tape, landmark);
                return frame.keep(proj.forward(tape, Attention.cross(tape, q, kv, S2dConfig.CROSS_HEADS)));
            }
        };
    }

    private static final class Smooth extends Module {
        private final Parameter value;

        Smooth(ParameterFactory factory) {
            super(factory);
            value = register(factory.parameter("smooth", Init.constant(10), 1));
        }
    }
}
