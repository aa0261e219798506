package org.s2d.nn;

import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;

/** {@code fc2(gelu(fc1(x)))}: [..., D] to [..., D] through a hidden width. Source: timm Mlp. */
public final class Mlp extends Module {
    private final Linear fc1;
    private final Linear fc2;

    public Mlp(ParameterFactory factory, int width, int hidden) {
        super(factory);
        fc1 = register(Linear.of(factory.child("fc1"), width, hidden, true));
        fc2 = register(Linear.of(factory.child("fc2"), hidden, width, true));
    }

    public Var forward(Tape tape, Var x) {
        return fc2.forward(tape, fc1.forwardGelu(tape, x));
    }

    /** {@code residual + fc2(gelu(fc1(x)))}. */
    public Var forwardResidual(Tape tape, Var x, Var residual) {
        return fc2.forwardResidual(tape, fc1.forwardGelu(tape, x), residual);
    }
}
