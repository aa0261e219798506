package org.s2d.autograd.ops;

import java.util.ArrayList;
import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Products;
import org.s2d.device.Products.Activation;
import org.s2d.device.Products.Epilogue;
import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * {@code y[e] = x[e] W[e]^T + b[e]}: linear layers of the same size side by side, as one product.
 *
 * <p>Shapes: x [E, C, K], W [E, N, K], b [E, N], y [E, C, N]. Keeps x when W trains, W when x needs a gradient. Operands in the tape's
 * compute type, accumulation in F32; gradient of W in the float type. Cost: 2*E*C*N*K FLOP, and as much again for each of the two
 * gradients. Source: torch.baddbmm.
 */
public final class GroupedLinear {
    private GroupedLinear() {}

    public static Var apply(Tape tape, Var x, Var weight, Var bias) {
        return apply(tape, x, weight, bias, Activation.NONE);
    }

    /** {@code gelu(x W^T + b)}: one pass over memory when no gradient is needed; otherwise {@link Activations} follows. */
    public static Var gelu(Tape tape, Var x, Var weight, Var bias) {
        return tape.needsGrad(x, weight, bias)
                ? Activations.gelu(tape, apply(tape, x, weight, bias))
                : apply(tape, x, weight, bias, Activation.GELU);
    }

    private static Var apply(Tape tape, Var x, Var weight, Var bias, Activation activation) {
        check(x, weight, bias);
        DType type = tape.computeType();
        Tensor in = tape.convert(x.value(), type);
        Tensor w = tape.valueAs(weight, type);
        Tensor y = tape.allocate(type, x.shape().with(2, weight.dim(1)));
        Products products = tape.device().products();
        products.matmul(y, in, w.transpose(1, 2), new Epilogue(bias.value(), activation, null, false));
        if (!tape.needsGrad(x, weight, bias)) {
            return tape.constant(y);
        }
        List<Tensor> kept = new ArrayList<>();
        if (weight.requiresGrad()) {
            kept.add(in);
        }
        if (x.requiresGrad() && weight.leaf() == null) {
            kept.add(w);
        }
        return tape.record("groupedLinear", y, kept, gradOut -> {
            Tensor grad = tape.convert(gradOut, type);
            if (x.requiresGrad()) {
                Tensor gradX = tape.allocate(type, x.shape());
                products.matmul(gradX, grad, w);
                tape.accumulate(x, gradX);
            }
            if (weight.requiresGrad()) {
                Tensor gradW = tape.allocate(tape.floatType(), weight.shape());
                products.matmul(gradW, grad.transpose(1, 2), in);
                tape.accumulate(weight, gradW);
            }
            if (bias.requiresGrad()) {
                Shape sums = Shape.of(bias.dim(0), 1, bias.dim(1));
                Tensor gradB = tape.allocate(tape.floatType(), sums);
                tape.device().elementwise().sumTo(gradB, grad);
                tape.accumulate(bias, gradB.reshape(bias.shape()));
            }
        });
    }

    private static void check(Var x, Var weight, Var bias) {
        boolean fits = x.shape().rank() == 3
                && weight.shape().rank() == 3
                && x.dim(0) == weight.dim(0)
                && x.dim(2) == weight.dim(2)
                && bias.shape().equals(Shape.of(weight.dim(0), weight.dim(1)));
        if (!fits) {
            throw new ShapeException("groupedLinear: x " + x.shape() + ", weight " + weight.shape() + ", bias "
                    + bias.shape() + " are not [E, C, K], [E, N, K], [E, N]");
        }
    }
}
