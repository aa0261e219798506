package org.s2d.device;

import org.s2d.tensor.Tensor;

/** Kernels that treat each element alone, and sums that undo broadcasting. All accept strided views. */
public interface Elementwise {
    /** {@code out = value}. */
    void fill(Tensor out, double value);

    /** {@code out = in}, with conversion between floating types; {@code in} broadcasts to the shape of {@code out}. */
    void copy(Tensor out, Tensor in);

    /** {@code out = a op b}; both broadcast to the shape of {@code out}. {@code out} may be {@code a}. */
    void binary(Binary op, Tensor out, Tensor a, Tensor b);

    /** {@code out += scale * in}; {@code in} broadcasts. */
    void addScaled(Tensor out, Tensor in, double scale);

    /** {@code out = in * factor}; {@code out} may be {@code in}. */
    void scale(Tensor out, Tensor in, double factor);

    /** {@code out = op(in)}. */
    void unary(Unary op, Tensor out, Tensor in);

    /** {@code gradIn = gradOut * op'(in)}; {@code gradIn} may be {@code gradOut}. */
    void unaryBackward(Unary op, Tensor gradIn, Tensor in, Tensor gradOut);

    /** Sums {@code in} over every dimension in which the shape of {@code out} is 1 or missing (the adjoint of broadcasting). */
    void sumTo(Tensor out, Tensor in);

    /**
     * {@code out = in * keep / (1 - probability)} where {@code keep} is a Bernoulli draw per element, a pure function of
     * (seed, element index): the same call on a gradient is the backward pass.
     */
    void dropout(Tensor out, Tensor in, double probability, Seed seed);

    /** {@code out[i]} = 0 with {@code probability}, else {@code 1 / (1 - probability)}: the draws of {@link java.util.SplittableRandom}. F32, contiguous. */
    void keepScales(Tensor out, double probability, Seed seed);

    /** Standard normal numbers, each a pure function of (seed, element index). F32 (F64 on the reference device), contiguous. */
    void normal(Tensor out, Seed seed);

    enum Binary {
        ADD,
        MULTIPLY
    }

    /** GELU is the exact (erf) form; SOFTPLUS and SIGMOID are stable for large arguments. */
    enum Unary {
        GELU,
        RELU,
        RELU6,
        SIGMOID,
        SOFTPLUS
    }
}
