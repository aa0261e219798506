package org.s2d.nn;

import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.PooledNorm;
import org.s2d.autograd.ops.ResidualNorm;
import org.s2d.tensor.DType;
import org.s2d.tensor.ShapeException;

/** Layer normalisation over the last dimension; see {@link org.s2d.autograd.ops.LayerNorm}. */
public final class LayerNorm extends Module {
    private final Parameter weight;
    private final Parameter bias;
    private final double eps;

    public LayerNorm(ParameterFactory factory, int width, double eps) {
        super(factory);
        weight = register(factory.parameter("weight", Init.constant(1), width));
        bias = register(factory.parameter("bias", Init.constant(0), width));
        this.eps = eps;
    }

    /** Result in the compute type: for the products that follow. */
    public Var forward(Tape tape, Var x) {
        return forward(tape, x, tape.computeType());
    }

    /** Result in the float type: for features. */
    public Var forwardFloat(Tape tape, Var x) {
        return forward(tape, x, tape.floatType());
    }

    /** A residual connection and the normalised sum, in the compute type. */
    public ResidualNorm.Result forwardSum(Tape tape, Var x, ResidualNorm.Addends addends) {
        try {
            return ResidualNorm.apply(tape, x, addends, tape.leaf(weight), tape.leaf(bias), eps, tape.computeType());
        } catch (ShapeException e) {
            throw e.at(path());
        }
    }

    /** The mean over the frames of each clip of normalised rows [B * frames, D], in the float type. */
    public Var forwardMean(Tape tape, Var x, int frames) {
        try {
            return PooledNorm.apply(tape, x, frames, tape.leaf(weight), tape.leaf(bias), eps);
        } catch (ShapeException e) {
            throw e.at(path());
        }
    }

    private Var forward(Tape tape, Var x, DType type) {
        try {
            return org.s2d.autograd.ops.LayerNorm.apply(tape, x, tape.leaf(weight), tape.leaf(bias), eps, type);
        } catch (ShapeException e) {
            throw e.at(path());
        }
    }
}
