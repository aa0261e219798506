package org.s2d.device.cuda;

import org.jspecify.annotations.Nullable;
import org.s2d.device.ChannelShape;
import org.s2d.device.Checks;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions;
import org.s2d.device.Elementwise;
import org.s2d.device.ResizeAxis;
import org.s2d.tensor.Tensor;

/**
 * Convolutions, batch normalisation, PReLU and resizing, accumulation in F32 or F64: our own kernels, and a library's dense
 * convolutions.
 */
final class CudaConvolutions implements Convolutions {
    private final CudaContext context;
    private final Elementwise elementwise;
    private final CudaConv2d conv2d;
    private final CudaChannels channels;
    private final CudaResize resize;

    CudaConvolutions(CudaContext context, Elementwise elementwise, DenseConv2d library) {
        this.context = context;
        this.elementwise = elementwise;
        conv2d = new CudaConv2d(context, library);
        channels = new CudaChannels(context);
        resize = new CudaResize(context);
    }

    private DenseTensors dense() {
        return new DenseTensors(context, elementwise);
    }

    private static void checkTypes(String name, @Nullable Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor != null) {
                Checks.singlePrecision(name, tensor);
            }
        }
    }

    @Override
    public void conv2d(
            Tensor out,
            Tensor in,
            Tensor weight,
            @Nullable Tensor bias,
            Conv2dOptions options,
            Conv2dEpilogue epilogue) {
        Conv2dShape shape = Conv2dShape.of(out, in, weight, bias, options, epilogue);
        checkTypes("conv2d", out, in, weight, bias, epilogue.slope(), epilogue.residual());
        try (DenseTensors dense = dense()) {
            Conv2dEpilogue ends = new Conv2dEpilogue(
                    dense.inOrNull(epilogue.slope()), epilogue.ceiling(), dense.inOrNull(epilogue.residual()));
            conv2d.forward(dense.out(out), dense.in(in), dense.in(weight), dense.inOrNull(bias), shape, ends);
            dense.finish();
        }
    }

    @Override
    public void conv2dBackwardInput(Tensor gradIn, Tensor gradOut, Tensor weight, Conv2dOptions options) {
        Conv2dShape shape =
                Conv2dShape.of(gradIn.shape(), weight.shape(), options).requireOut(gradOut);
        checkTypes("conv2dBackwardInput", gradIn, gradOut, weight);
        try (DenseTensors dense = dense()) {
            conv2d.backwardInput(dense.out(gradIn), dense.in(gradOut), dense.in(weight), shape);
            dense.finish();
        }
    }

    @Override
    public void conv2dBackwardWeight(
            Tensor gradWeight, @Nullable Tensor gradBias, Tensor gradOut, Tensor in, Conv2dOptions options) {
        Conv2dShape shape = Conv2dShape.of(in.shape(), gradWeight.shape(), options)
                .requireOut(gradOut)
                .requirePerChannel("bias gradient", gradBias);
        checkTypes("conv2dBackwardWeight", gradWeight, gradBias, gradOut, in);
        try (DenseTensors dense = dense()) {
            Tensor grad = dense.in(gradOut);
            conv2d.backwardWeight(dense.out(gradWeight), grad, dense.in(in), shape);
            if (gradBias != null) {
                channels.sums(dense.out(gradBias), grad, ChannelShape.of("conv2dBackwardWeight", grad));
            }
            dense.finish();
        }
    }

    @Override
    public void channelStatistics(Tensor mean, Tensor variance, Tensor in) {
        String name = "channelStatistics";
        ChannelShape shape = ChannelShape.of(name, in).requirePerChannel(name, mean, variance);
        checkTypes(name, mean, variance, in);
        try (DenseTensors dense = dense()) {
            channels.statistics(dense.out(mean), dense.out(variance), dense.in(in), shape);
            dense.finish();
        }
    }

    @Override
    public void batchNorm(Tensor out, Tensor in, Tensor mean, Tensor variance, Tensor weight, Tensor bias, double eps) {
        ChannelShape shape = ChannelShape.of("batchNorm", in)
                .requireAlike("batchNorm output", out)
                .requirePerChannel("batchNorm", mean, variance, weight, bias);
        checkTypes("batchNorm", out, in, mean, variance, weight, bias);
        try (DenseTensors dense = dense()) {
            channels.batchNorm(
                    eps,
                    shape,
                    dense.out(out),
                    dense.in(in),
                    dense.in(mean),
                    dense.in(variance),
                    dense.in(weight),
                    dense.in(bias));
            dense.finish();
        }
    }

    @Override
    public void batchNormBackward(
            Tensor gradIn,
            Tensor gradWeight,
            Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor variance,
            Tensor weight,
            double eps,
            boolean batchStatistics) {
        ChannelShape shape = ChannelShape.of("batchNorm", in)
                .requireAlike("batchNorm gradient", gradIn, gradOut)
                .requirePerChannel("batchNorm", mean, variance, weight, gradWeight, gradBias);
        checkTypes("batchNormBackward", gradIn, gradWeight, gradBias, gradOut, in, mean, variance, weight);
        try (DenseTensors dense = dense()) {
            channels.batchNormBackward(
                    eps,
                    batchStatistics,
                    shape,
                    dense.out(gradIn),
                    dense.out(gradWeight),
                    dense.out(gradBias),
                    dense.in(gradOut),
                    dense.in(in),
                    dense.in(mean),
                    dense.in(variance),
                    dense.in(weight));
            dense.finish();
        }
    }

    @Override
    public void prelu(Tensor out, Tensor in, Tensor slope) {
        ChannelShape shape =
                ChannelShape.of("prelu", in).requireAlike("prelu output", out).requirePerChannel("prelu", slope);
        checkTypes("prelu", out, in, slope);
        try (DenseTensors dense = dense()) {
            channels.prelu(dense.out(out), dense.in(in), dense.in(slope), shape);
            dense.finish();
        }
    }

    @Override
    public void preluBackward(Tensor gradIn, Tensor gradSlope, Tensor gradOut, Tensor in, Tensor slope) {
        ChannelShape shape = ChannelShape.of("prelu", in)
                .requireAlike("prelu gradient", gradIn, gradOut)
                .requirePerChannel("prelu", slope, gradSlope);
        checkTypes("preluBackward", gradIn, gradSlope, gradOut, in, slope);
        try (DenseTensors dense = dense()) {
            channels.preluBackward(
                    shape, dense.out(gradIn), dense.out(gradSlope), dense.in(gradOut), dense.in(in), dense.in(slope));
            dense.finish();
        }
    }

    @Override
    public void resize(Tensor out, Tensor in, Interpolation mode, boolean alignCorners) {
        ResizeAxis.check(out.shape(), in.shape());
        checkTypes("resize", out, in);
        try (DenseTensors dense = dense()) {
            resize.forward(dense.out(out), dense.in(in), mode, alignCorners);
            dense.finish();
        }
    }

    @Override
    public void resizeBackward(Tensor gradIn, Tensor gradOut, Interpolation mode, boolean alignCorners) {
        ResizeAxis.check(gradOut.shape(), gradIn.shape());
        checkTypes("resizeBackward", gradIn, gradOut);
        try (DenseTensors dense = dense()) {
            resize.backward(dense.out(gradIn), dense.in(gradOut), mode, alignCorners);
            dense.finish();
        }
    }
}
