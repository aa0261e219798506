package org.s2d.nn;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Leaf;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.FoveaPrompt;
import org.s2d.autograd.ops.Views;
import org.s2d.tensor.ShapeException;

/**
 * A linear layer over the last dimension, {@code y = x W^T + b}; also stands for 1x1 convolutions in token layout, whose weight
 * keeps its two trailing size-one dimensions. Cost, types and gradients: {@link org.s2d.autograd.ops.Linear}.
 */
public final class Linear extends Module {
    private final Parameter weight;
    private final @Nullable Leaf bias;

    private Linear(ParameterFactory factory, Parameter weight, @Nullable Leaf bias) {
        super(factory);
        this.weight = register(weight);
        this.bias = bias instanceof Parameter own ? register(own) : bias;
    }

    /** Weight [out, in] normal (0.02 unless the factory says otherwise), bias zero: the transformer's initialisation. */
    public static Linear of(ParameterFactory factory, int in, int out, boolean bias) {
        return new Linear(
                factory,
                factory.parameter("weight", factory.linearInit(), out, in),
                bias ? factory.parameter("bias", Init.constant(0), out) : null);
    }

    /** The same with a bias [out] that belongs to another module. */
    static Linear withBias(ParameterFactory factory, int in, int out, Leaf bias) {
        return new Linear(factory, factory.parameter("weight", factory.linearInit(), out, in), bias);
    }

    /** The same with another initialisation of the weight, whose shape is given, and PyTorch's default bias. */
    public static Linear convolution(ParameterFactory factory, Init init, int... weightShape) {
        int out = weightShape[0];
        int fanIn = 1;
        for (int i = 1; i < weightShape.length; i++) {
            fanIn *= weightShape[i];
        }
        return new Linear(
                factory,
                factory.parameter("weight", init, weightShape),
                factory.parameter("bias", Init.uniform(fanIn), out));
    }

    public Var forward(Tape tape, Var x) {
        return located(() -> org.s2d.autograd.ops.Linear.apply(tape, x, tape.leaf(weight), leafOrNull(tape)));
    }

    /** As {@link #forward}, for a narrow x: the result is computed again for the backward pass where the device is for it. */
    public Var forwardCheap(Tape tape, Var x) {
        return located(() -> org.s2d.autograd.ops.Linear.cheap(tape, x, tape.leaf(weight), leafOrNull(tape)));
    }

    /** {@code gelu(x W^T + b)}. */
    public Var forwardGelu(Tape tape, Var x) {
        return located(() -> org.s2d.autograd.ops.Linear.gelu(tape, x, tape.leaf(weight), leafOrNull(tape)));
    }

    /** {@code residual + x W^T + b}. */
    public Var forwardResidual(Tape tape, Var x, Var residual) {
        return located(
                () -> org.s2d.autograd.ops.Linear.withResidual(tape, x, tape.leaf(weight), leafOrNull(tape), residual));
    }

    /** The result in the float type, not the compute type. */
    public Var forwardFloat(Tape tape, Var x) {
        return located(() -> org.s2d.autograd.ops.Linear.inFloat(tape, x, tape.leaf(weight), leafOrNull(tape)));
    }

    /** {@code count} of the outputs, from {@code start}: the others are not computed. */
    Var forwardSome(Tape tape, Var x, int start, int count) {
        Var rows = Views.narrow(tape, tape.leaf(weight), 0, start, count);
        Var all = leafOrNull(tape);
        Var some = all == null ? null : Views.narrow(tape, all, 0, start, count);
        return located(() -> org.s2d.autograd.ops.Linear.apply(tape, x, rows, some));
    }

    /** Weight and bias as a 1x1 convolution, for operations that take several at once. */
    public FoveaPrompt.Convolution convolution(Tape tape) {
        return new FoveaPrompt.Convolution(tape.leaf(weight), Objects.requireNonNull(leafOrNull(tape)));
    }

    private @Nullable Var leafOrNull(Tape tape) {
        return bias == null ? null : tape.leaf(bias);
    }

    private interface Step {
        Var run();
    }

    private Var located(Step step) {
        try {
            return step.run();
        } catch (ShapeException e) {
            throw e.at(path());
        }
    }
}
