package org.s2d.model.s2d;

import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.TemporalConv;
import org.s2d.autograd.ops.Views;
import org.s2d.nn.Init;
import org.s2d.nn.Module;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;

/**
 * Depth-wise convolution over time, kernel 3, zero padding: the mixing of ST-Adapter (Pan et al., NeurIPS 2022). The weight has the
 * shape [h, 1, 3, 1, 1] of PyTorch's Conv3d. [B*T, N, h] to [B*T, N, h].
 */
final class TimeConvolution extends Module {
    private static final int KERNEL = 3;

    private final Parameter weight;
    private final Parameter bias;

    TimeConvolution(ParameterFactory factory, int width) {
        super(factory);
        weight = register(factory.parameter("weight", Init.uniform(KERNEL), width, 1, KERNEL, 1, 1));
        bias = register(factory.parameter("bias", Init.constant(0), width));
    }

    /** The convolution of gelu(x). */
    Var forwardOfGelu(Tape tape, Var x, int frames) {
        Var kernel = Views.reshape(tape, tape.leaf(weight), x.dim(2), KERNEL);
        return TemporalConv.ofGelu(tape, x, kernel, tape.leaf(bias), frames);
    }
}
