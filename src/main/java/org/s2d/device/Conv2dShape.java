package org.s2d.device;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Convolutions.Conv2dEpilogue;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** The sizes of a convolution, checked once for all devices. */
public record Conv2dShape(
        int batch,
        int inChannels,
        int inHeight,
        int inWidth,
        int outChannels,
        int outHeight,
        int outWidth,
        int kernelHeight,
        int kernelWidth,
        Conv2dOptions options) {

    /** From input [B, C, H, W] and weight [O, C/groups, kh, kw]; throws {@link ShapeException} where they do not fit. */
    public static Conv2dShape of(Shape in, Shape weight, Conv2dOptions options) {
        if (in.rank() != 4 || weight.rank() != 4) {
            throw new ShapeException("conv2d: input " + in + " and weight " + weight
                    + ", expected [B, C, H, W] and [O, C/groups, kh, kw]");
        }
        int groups = options.groups();
        if (in.dim(1) % groups != 0 || weight.dim(0) % groups != 0 || in.dim(1) / groups != weight.dim(1)) {
            throw new ShapeException("conv2d: weight " + weight + " with " + groups + " groups does not fit the "
                    + in.dim(1) + " channels of input " + in);
        }
        int outHeight = outSize(in.dim(2), weight.dim(2), options.strideH(), options.paddingH());
        int outWidth = outSize(in.dim(3), weight.dim(3), options.strideW(), options.paddingW());
        if (outHeight < 1 || outWidth < 1) {
            throw new ShapeException("conv2d: kernel " + weight + " is larger than padded input " + in);
        }
        return new Conv2dShape(
                in.dim(0),
                in.dim(1),
                in.dim(2),
                in.dim(3),
                weight.dim(0),
                outHeight,
                outWidth,
                weight.dim(2),
                weight.dim(3),
                options);
    }

    /** The sizes of a forward pass, every tensor checked. */
    public static Conv2dShape of(
            Tensor out,
            Tensor in,
            Tensor weight,
            @Nullable Tensor bias,
            Conv2dOptions options,
            Conv2dEpilogue epilogue) {
        Conv2dShape shape = of(in.shape(), weight.shape(), options)
                .requireOut(out)
                .requirePerChannel("bias", bias)
                .requirePerChannel("slope", epilogue.slope());
        return epilogue.residual() == null ? shape : shape.requireOut(epilogue.residual());
    }

    private static int outSize(int in, int kernel, int stride, int padding) {
        int rest = Math.addExact(in, Math.multiplyExact(2, padding)) - kernel;
        return kernel < 1 || rest < 0 ? 0 : rest / stride + 1;
    }

    /** Throws unless {@code out} (or its gradient) has the shape of the result. */
    public Conv2dShape requireOut(Tensor out) {
        if (!out.shape().equals(outShape())) {
            throw new ShapeException("conv2d: output " + out.shape() + ", expected " + outShape());
        }
        return this;
    }

    /** Throws unless {@code bias} (or its gradient, or a slope) is null or has one value per output channel. */
    public Conv2dShape requirePerChannel(String what, @Nullable Tensor values) {
        if (values != null && !values.shape().equals(Shape.of(outChannels))) {
            throw new ShapeException("conv2d: " + what + " " + values.shape() + " for " + outChannels + " channels");
        }
        return this;
    }

    public Shape outShape() {
        return Shape.of(batch, outChannels, outHeight, outWidth);
    }

    public int groups() {
        return options.groups();
    }

    /** Input channels that each output channel sees. */
    public int groupInChannels() {
        return inChannels / options.groups();
    }

    public int groupOutChannels() {
        return outChannels / options.groups();
    }

    /** Products summed for each output: input channels of the group times kernel size. */
    public int depth() {
        return groupInChannels() * kernelHeight * kernelWidth;
    }

    /** Output positions of one image. */
    public int positions() {
        return outHeight * outWidth;
    }

    /** True when every output channel sees one input channel of its own. */
    public boolean isDepthwise() {
        return groupInChannels() == 1 && groupOutChannels() == 1;
    }

    /** True when the output is a matrix product of the weight with the input as it lies in memory. */
    public boolean isPointwise() {
        return kernelHeight == 1
                && kernelWidth == 1
                && options.strideH() == 1
                && options.strideW() == 1
                && options.paddingH() == 0
                && options.paddingW() == 0;
    }
}
