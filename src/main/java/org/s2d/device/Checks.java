package org.s2d.device;

import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Argument checks of the kernels; every message names the kernel and both shapes. */
public final class Checks {
    private Checks() {}

    public static void floating(String kernel, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (!tensor.dtype().isFloating()) {
                throw new ShapeException(kernel + ": " + tensor + " is not a floating-point tensor");
            }
        }
    }

    /** F32, BF16 and F16: what the vector kernels compute with. */
    public static void singlePrecision(String kernel, Tensor... tensors) {
        floating(kernel, tensors);
        for (Tensor tensor : tensors) {
            if (tensor.dtype() == DType.F64) {
                throw new ShapeException(
                        kernel + ": " + tensor + " is F64, which only the reference device computes with");
            }
        }
    }

    public static void onlyF32(String kernel, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor.dtype() != DType.F32) {
                throw new ShapeException(kernel + ": " + tensor + " is " + tensor.dtype() + ", expected F32");
            }
        }
    }

    public static void sameShape(String kernel, Tensor expected, Tensor... others) {
        for (Tensor other : others) {
            if (!other.shape().equals(expected.shape())) {
                throw new ShapeException(kernel + ": shapes differ: " + expected.shape() + " and " + other.shape());
            }
        }
    }

    public static void shape(String kernel, String name, Tensor tensor, Shape expected) {
        if (!tensor.shape().equals(expected)) {
            throw new ShapeException(kernel + ": " + name + " is " + tensor.shape() + ", expected " + expected);
        }
    }

    public static void rank(String kernel, String name, Tensor tensor, int rank) {
        if (tensor.rank() != rank) {
            throw new ShapeException(kernel + ": " + name + " is " + tensor.shape() + ", expected rank " + rank);
        }
    }

    /** The operand seen in the shape of the output. */
    public static Tensor broadcast(String kernel, Tensor operand, Tensor out) {
        if (operand.shape().equals(out.shape())) {
            return operand;
        }
        requireBroadcast(kernel, operand.shape(), out.shape());
        return operand.expand(out.shape());
    }

    public static void requireBroadcast(String kernel, Shape from, Shape to) {
        boolean fits = from.rank() <= to.rank();
        for (int i = 1; fits && i <= from.rank(); i++) {
            fits = from.dim(-i) == 1 || from.dim(-i) == to.dim(-i);
        }
        if (!fits) {
            throw new ShapeException(kernel + ": shape " + from + " does not broadcast to " + to);
        }
    }

    public static void contiguous(String kernel, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (!tensor.isContiguous()) {
                throw new ShapeException(kernel + ": tensor " + tensor.shape() + " is not contiguous");
            }
        }
    }

    /** Rows along the last dimension, whose elements lie next to each other. */
    public static void unitRows(String kernel, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            rows(kernel, tensor);
            if (tensor.dim(-1) > 1 && tensor.stride(-1) != 1 && tensor.numel() > 0) {
                throw new ShapeException(kernel + ": last dimension of " + tensor.shape() + " has stride "
                        + tensor.stride(-1) + ", expected 1");
            }
        }
    }

    public static void rows(String kernel, Tensor tensor) {
        if (tensor.rank() == 0) {
            throw new ShapeException(kernel + ": a scalar has no last dimension");
        }
    }
}
