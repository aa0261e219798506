package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Leaf;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Backward;
import org.s2d.autograd.Var;
import org.s2d.device.Products.Activation;
import org.s2d.device.Products.Epilogue;
import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * {@code y = x W^T + b}, optionally plus a residual.
 *
 * <p>Shapes: x [..., K], W [N, K] (further size-one dimensions of a 1x1 convolution are accepted), b [N] or none, y and
 * residual [..., N].
 *
 * <p>Keeps x when W trains, W when x needs a gradient, nothing otherwise. Operands in the tape's compute type, accumulation in F32; y is in the
 * compute type, or in the residual's type. Gradient of W in the float type.
 *
 * <p>Cost: 2*rows*N*K FLOP, and as much again for each of the two gradients. Source: torch.nn.functional.linear.
 */
public final class Linear {
    private Linear() {}

    public static Var apply(Tape tape, Var x, Var weight, @Nullable Var bias) {
        return apply(tape, x, weight, bias, null, tape.computeType(), false);
    }

    /**
     * The same where K is small: cheap enough for the backward pass to compute y again where others need it ({@link Tape#reading}), for which x is
     * kept too. W and b are parameters, which outlive the tape.
     */
    public static Var cheap(Tape tape, Var x, Var weight, @Nullable Var bias) {
        return apply(tape, x, weight, bias, null, tape.computeType(), true);
    }

    /** {@code x W^T + b + residual}, the sum formed before rounding to the residual's type. */
    public static Var withResidual(Tape tape, Var x, Var weight, @Nullable Var bias, Var residual) {
        return apply(tape, x, weight, bias, residual, residual.value().dtype(), false);
    }

    /** The result in the float type whatever the compute type: for the embedding of frames, which starts the residual stream. */
    public static Var inFloat(Tape tape, Var x, Var weight, @Nullable Var bias) {
        return apply(tape, x, weight, bias, null, tape.floatType(), false);
    }

    /**
     * {@code gelu(x W^T + b)}. One pass over memory when no gradient is needed; otherwise the pre-activation is kept and
     * {@link Activations} follows.
     */
    public static Var gelu(Tape tape, Var x, Var weight, @Nullable Var bias) {
        if (tape.needsGrad(x, weight, bias)) {
            return Activations.gelu(tape, apply(tape, x, weight, bias));
        }
        Operands operands = Operands.of(tape, x, weight, bias, tape.computeType());
        Epilogue epilogue = new Epilogue(bias == null ? null : bias.value(), Activation.GELU, null, false);
        return tape.constant(operands.product(tape, operands.x(), tape.computeType(), epilogue));
    }

    private static Var apply(
            Tape tape, Var x, Var weight, @Nullable Var bias, @Nullable Var residual, DType outType, boolean cheap) {
        Operands operands = Operands.of(tape, x, weight, bias, tape.computeType());
        if (residual != null && !residual.shape().equals(operands.outShape())) {
            throw new ShapeException(
                    "linear: residual " + residual.shape() + " does not fit output " + operands.outShape());
        }
        Tensor add =
                residual == null ? null : tape.contiguous(residual.value()).reshape(operands.rows(), operands.out());
        Epilogue epilogue = new Epilogue(bias == null ? null : bias.value(), Activation.NONE, add, false);
        Tensor y = operands.product(tape, operands.x(), outType, epilogue);
        if (!tape.needsGrad(x, weight, bias, residual)) {
            return tape.constant(y);
        }
        boolean again = cheap && tape.device().computesAgain();
        List<Tensor> kept = new ArrayList<>();
        Supplier<Tensor> in = weight.requiresGrad() || again ? tape.reading(x, operands.x(), kept) : operands::x;
        if (x.requiresGrad() && weight.leaf() == null) {
            kept.add(operands.weight());
        }
        Backward rule = gradOut -> {
            tape.accumulate(residual, gradOut);
            differentiate(tape, x, weight, bias, operands, in, gradOut);
        };
        Supplier<Tensor> product = () -> operands.product(tape, in.get(), outType, epilogue);
        return tape.record("linear", y, kept, rule, again ? product : null);
    }

    /** Delivers the gradients of x, weight and bias; {@code in} is asked for the rows of x where the weight trains. */
    private static void differentiate(
            Tape tape, Var x, Var weight, @Nullable Var bias, Operands operands, Supplier<Tensor> in, Tensor gradOut) {
        DType type = operands.x().dtype();
        Tensor grad = tape.convert(gradOut, type).reshape(operands.rows(), operands.out());
        if (x.requiresGrad()) {
            Tensor gradX = tape.allocate(type, x.shape());
            // Read again: a frozen weight's compute copy is cached, a trained one has not changed since.
            Tensor w = operands.weight();
            tape.device().products().matmul(gradX.reshape(operands.rows(), operands.in()), grad, w);
            tape.accumulate(x, gradX);
        }
        if (weight.requiresGrad()) {
            Tensor gradW = tape.allocate(tape.floatType(), Shape.of(operands.out(), operands.in()));
            tape.device().products().matmul(gradW, grad.transpose(0, 1), in.get());
            tape.accumulate(weight, gradW.reshape(weight.shape()));
        }
        if (bias != null && bias.requiresGrad()) {
            Tensor gradB = tape.allocate(tape.floatType(), Shape.of(operands.out()));
            tape.device().elementwise().sumTo(gradB, grad);
            tape.accumulate(bias, gradB);
        }
    }

    /** Checked operands as matrices in one type. */
    private record Operands(
            Tensor x, Tensor weight, @Nullable Tensor packed, Shape outShape, int rows, int in, int out) {
        static Operands of(Tape tape, Var x, Var weight, @Nullable Var bias, DType type) {
            int out = weight.dim(0);
            int in = Math.toIntExact(weight.value().numel() / Math.max(1, out));
            if (x.shape().rank() == 0 || x.dim(-1) != in) {
                throw new ShapeException("linear: inner dimensions differ: " + x.shape() + " x " + weight.shape() + ": "
                        + (x.shape().rank() == 0 ? "scalar" : x.dim(-1)) + " != " + in
                        + (x.shape().rank() > 0 && x.dim(-1) == out ? ". Did you mean the transposed weight?" : ""));
            }
            if (bias != null && !bias.shape().equals(Shape.of(out))) {
                throw new ShapeException("linear: bias " + bias.shape() + " for " + out + " outputs");
            }
            Tensor matrix = tape.convert(x.value(), type);
            int rows = Math.toIntExact(matrix.numel() / Math.max(1, in));
            Tensor w = tape.valueAs(weight, type).reshape(out, in);
            Leaf leaf = weight.leaf();
            Tensor packed = leaf == null ? null : leaf.packed(type, tape.device());
            return new Operands(matrix.reshape(rows, in), w, packed, x.shape().with(-1, out), rows, in, out);
        }

        /** {@code rows} are x, or x computed again. */
        Tensor product(Tape tape, Tensor rows, DType type, Epilogue epilogue) {
            Tensor y = tape.allocate(type, outShape);
            tape.device().products().matmul(y.reshape(this.rows, out), rows, weight.transpose(0, 1), packed, epilogue);
            return y;
        }
    }
}
