package org.s2d.device;

import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** The sizes of an input [B, C, *] of a kernel that treats each channel alike, checked once for all devices. */
public record ChannelShape(Shape input, int batch, int channels, int inner) {
    /** From {@code in} [B, C, *]; {@code operation} names the caller in errors. */
    public static ChannelShape of(String operation, Tensor in) {
        Shape shape = in.shape();
        if (shape.rank() < 2) {
            throw new ShapeException(operation + ": input " + shape + ", expected [B, C, *]");
        }
        int inner = 1;
        for (int i = 2; i < shape.rank(); i++) {
            inner = Math.multiplyExact(inner, shape.dim(i));
        }
        return new ChannelShape(shape, shape.dim(0), shape.dim(1), inner);
    }

    /** Throws unless all tensors have the input's shape. */
    public ChannelShape requireAlike(String what, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (!tensor.shape().equals(input)) {
                throw new ShapeException(what + " " + tensor.shape() + " beside input " + input);
            }
        }
        return this;
    }

    /** Throws unless all tensors have one value per channel. */
    public ChannelShape requirePerChannel(String what, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (!tensor.shape().equals(Shape.of(channels))) {
                throw new ShapeException(
                        what + ": " + tensor.shape() + " for the " + channels + " channels of input " + input);
            }
        }
        return this;
    }

    /** Values that a channel has in the whole batch. */
    public long count() {
        return (long) batch * inner;
    }
}
