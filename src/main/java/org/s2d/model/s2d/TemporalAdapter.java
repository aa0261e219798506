package org.s2d.model.s2d;

import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.nn.LayerNorm;
import org.s2d.nn.Linear;
import org.s2d.nn.Module;
import org.s2d.nn.ParameterFactory;
import org.s2d.nn.SelfAttention;
import org.s2d.nn.SelfAttention.QkvBias;

/**
 * TMA, the temporal-modelling adapter: a bottleneck that mixes the frames of a clip at each position, a layer norm (eps 1e-5), and
 * a bottleneck without mixing. Neither has a skip connection. [B*T, N, D] to [B*T, N, D].
 */
public final class TemporalAdapter extends Module {
    private final Mixing temporal;
    private final LayerNorm norm;
    private final Bottleneck spatial;

    public TemporalAdapter(ParameterFactory factory, S2dConfig config) {
        super(factory);
        temporal = register(new Mixing(factory.child("T_Adapter"), config));
        norm = register(new LayerNorm(factory.child("norm"), config.embedDim(), 1e-5));
        spatial = register(new Bottleneck(factory.child("S_Adapter"), config.embedDim(), config.adapterWidth()));
    }

    public Var forward(Tape tape, Var x) {
        try (Tape.Frame frame = tape.frame()) {
            Var mixed = observed(tape, "T_Adapter.out", temporal.forward(tape, x));
            Var normed = observed(tape, "norm.out", norm.forward(tape, mixed));
            return frame.keep(spatial.forward(tape, normed));
        }
    }

    private static final class Bottleneck extends Module {
        private final Linear fc1;
        private final Linear fc2;

        Bottleneck(ParameterFactory factory, int width, int hidden) {
            super(factory);
            fc1 = register(Linear.of(factory.child("D_fc1"), width, hidden, true));
            fc2 = register(Linear.of(factory.child("D_fc2"), hidden, width, true));
        }

        Var forward(Tape tape, Var x) {
            return fc2.forwardCheap(tape, fc1.forwardGelu(tape, x));
        }
    }

    /** fc1, GELU, attention or convolution over time, fc2. */
    private static final class Mixing extends Module {
        private final int frames;
        private final Linear fc2;
        private final TimeMixer mixer;

        Mixing(ParameterFactory factory, S2dConfig config) {
            super(factory);
            int hidden = config.adapterWidth();
            frames = config.frames();
            Linear fc1 = register(Linear.of(factory.child("D_fc1"), config.embedDim(), hidden, true));
            fc2 = register(Linear.of(factory.child("D_fc2"), hidden, config.embedDim(), true));
            mixer = switch (config.temporalAdapter()) {
                case ATTENTION -> {
                    SelfAttention attn = register(
                            new SelfAttention(factory.child("attn"), hidden, S2dConfig.ADAPTER_HEADS, QkvBias.NONE));
                    yield (tape, x) -> attn.forwardOverTime(tape, fc1.forwardGelu(tape, x), frames);
                }
                case CONV -> {
                    TimeConvolution conv = register(new TimeConvolution(factory.child("conv"), hidden));
                    yield (tape, x) -> conv.forwardOfGelu(tape, fc1.forward(tape, x), frames);
                }
            };
        }

        Var forward(Tape tape, Var x) {
            return fc2.forwardCheap(tape, mixer.mix(tape, x));
        }
    }

    /** fc1, GELU and what mixes frames. */
    @FunctionalInterface
    private interface TimeMixer {
        Var mix(Tape tape, Var x);
    }
}
