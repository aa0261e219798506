package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Leaf;
import org.s2d.autograd.Tape;
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
 * <p>Keeps x when W trains, W when x needs a gradient, nothing otherwise. Operands in the tape's compute type unless said otherwise,
 * accumulation in F32; y is in the compute type, or in the residual's type. Gradient of W in the float type.
 *
 * <p>Cost: 2*rows*N*K FLOP, and as much again for each of the two gradients. Source: torch.nn.functional.linear.
 */
public final class Linear {
    private Linear() {}

    public static Var apply(Tape tape, Var x, Var weight, @Nullable Var bias) {
        return apply(tape, x, weight, bias, null, tape.computeType(), tape.computeType());
    }

    /** {@code x W^T + b + residual}, the sum formed before rounding to the residual's type. */
    public static Var withResidual(Tape tape, Var x, Var weight, @Nullable Var bias, Var residual) {
        return apply(
                tape,
                x,
                weight,
                bias,
                residual,
                tape.computeType(),
                residual.value().dtype());
    }

    /** The result in the float type whatever the compute type: for the embedding of frames, which starts the residual stream. */
    public static Var inFloat(Tape tape, Var x, Var weight, @Nullable Var bias) {
        return apply(tape, x, weight, bias, null, tape.computeType(), tape.floatType());
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
        Tensor y = tape.allocate(tape.computeType(), operands.outShape());
        Epilogue epilogue = new Epilogue(bias == null ? null : bias.value(), Activation.GELU, null, false);
        operands.multiply(tape, y, epilogue);
        return tape.constant(y);
    }

    private static Var apply(
            Tape tape,
            Var x,
            Var weight,
            @Nullable Var bias,
            @Nullable Var residual,
            DType operandType,
            DType outType) {
        Operands operands = Operands.of(tape, x, weight, bias, operandType);
        Tensor y = tape.allocate(outType, operands.outShape());
        if (residual != null && !residual.shape().equals(y.shape())) {
            throw new ShapeException("linear: residual " + residual.shape() + " does not fit output " + y.shape());
        }
        Tensor add =
                residual == null ? null : tape.contiguous(residual.value()).reshape(operands.rows(), operands.out());
        operands.multiply(tape, y, new Epilogue(bias == null ? null : bias.value(), Activation.NONE, add, false));
        if (!tape.needsGrad(x, weight, bias, residual)) {
            return tape.constant(y);
        }
        List<Tensor> kept = new ArrayList<>();
        Supplier<Tensor> in = weight.requiresGrad() ? tape.reading(x, operands.x(), kept) : operands::x;
        if (x.requiresGrad() && weight.leaf() == null) {
            kept.add(operands.weight());
        }
        return tape.record("linear", y, kept, gradOut -> {
            tape.accumulate(residual, gradOut);
            Tensor grad = tape.convert(gradOut, operandType).reshape(operands.rows(), operands.out());
            if (x.requiresGrad()) {
                Tensor gradX = tape.allocate(operandType, x.shape());
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
        });
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

        void multiply(Tape tape, Tensor y, Epilogue epilogue) {
            Tensor y2 = y.reshape(rows, out);
            tape.device().products().matmul(y2, x, weight.transpose(0, 1), packed, epilogue);
        }
    }
}
