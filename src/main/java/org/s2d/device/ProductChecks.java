package org.s2d.device;

import java.util.Arrays;
import java.util.Comparator;
import java.util.function.Supplier;
import org.s2d.device.Products.Epilogue;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** What has to hold of a product, whatever the element types, before native code sees it. */
public final class ProductChecks {
    private ProductChecks() {}

    public static void check(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        checkShapes(out, a, b);
        if (overlapsItself(out)) {
            throw new ShapeException("matmul: elements of the output share memory: " + describe(out));
        }
        if (sameStart(out, a) || sameStart(out, b)) {
            throw new ShapeException("matmul: the output is one of the operands");
        }
        Tensor bias = epilogue.bias();
        if (bias != null) {
            Shape expected =
                    bias.rank() == 2 && out.rank() == 3 ? Shape.of(out.dim(0), out.dim(-1)) : Shape.of(out.dim(-1));
            require(bias.shape().equals(expected), () -> "bias " + bias.shape() + ", expected " + expected);
        }
        Tensor residual = epilogue.residual();
        if (residual != null) {
            require(
                    residual.shape().equals(out.shape()),
                    () -> "residual " + residual.shape() + " does not have the shape of the output " + out.shape());
        }
    }

    private static void checkShapes(Tensor out, Tensor a, Tensor b) {
        int rank = out.rank();
        if (rank < 2 || rank > 3 || a.rank() != rank || b.rank() != rank) {
            throw new ShapeException("matmul: ranks do not fit: " + a.shape() + " x " + b.shape() + " to " + out.shape()
                    + "; all must be 2 or all 3");
        }
        if (a.dim(-1) != b.dim(-2)) {
            throw new ShapeException("matmul: inner dimensions differ: " + a.shape() + " x " + b.shape() + ": "
                    + a.dim(-1) + " != " + b.dim(-2)
                    + (a.dim(-1) == b.dim(-1) ? ". Did you mean the transposed weight?" : ""));
        }
        boolean fits = a.dim(-2) == out.dim(-2) && b.dim(-1) == out.dim(-1);
        boolean batchesFit = rank == 2 || (fitsBatches(a, out) && fitsBatches(b, out));
        require(fits && batchesFit, () -> a.shape() + " x " + b.shape() + " does not give " + out.shape());
    }

    private static boolean fitsBatches(Tensor operand, Tensor out) {
        return operand.dim(0) == 1 || operand.dim(0) == out.dim(0);
    }

    /** Throws unless the condition holds; only then is the message made. */
    public static void require(boolean condition, Supplier<String> message) {
        if (!condition) {
            throw new ShapeException("matmul: " + message.get());
        }
    }

    /** True unless each dimension steps over everything the inner ones reach. */
    private static boolean overlapsItself(Tensor tensor) {
        Integer[] order = new Integer[tensor.rank()];
        Arrays.setAll(order, i -> i);
        Arrays.sort(order, Comparator.comparingLong(tensor::stride));
        long reach = 0;
        for (int i : order) {
            if (tensor.dim(i) > 1) {
                if (tensor.stride(i) <= reach) {
                    return true;
                }
                reach += (tensor.dim(i) - 1) * tensor.stride(i);
            }
        }
        return false;
    }

    private static boolean sameStart(Tensor first, Tensor second) {
        return first.numel() > 0
                && second.numel() > 0
                && first.storage() == second.storage()
                && first.offset() * first.dtype().bytes()
                        == second.offset() * second.dtype().bytes();
    }

    private static String describe(Tensor tensor) {
        long[] strides = new long[tensor.rank()];
        Arrays.setAll(strides, tensor::stride);
        return tensor + " with strides " + Arrays.toString(strides);
    }
}
