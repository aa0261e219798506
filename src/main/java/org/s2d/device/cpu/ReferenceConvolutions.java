package org.s2d.device.cpu;

import org.jspecify.annotations.Nullable;
import org.s2d.device.ChannelShape;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions;
import org.s2d.device.ResizeAxis;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceConvolutions implements Convolutions {
    @Override
    public void conv2d(
            Tensor out,
            Tensor in,
            Tensor weight,
            @Nullable Tensor bias,
            Conv2dOptions options,
            Conv2dEpilogue epilogue) {
        Conv2dShape shape = Conv2dShape.of(out, in, weight, bias, options, epilogue);
        Conv2dKernel.reference(out, in, weight, bias, shape, epilogue);
    }

    @Override
    public void conv2dBackwardInput(Tensor gradIn, Tensor gradOut, Tensor weight, Conv2dOptions options) {
        Conv2dShape shape =
                Conv2dShape.of(gradIn.shape(), weight.shape(), options).requireOut(gradOut);
        Conv2dBackwardKernel.referenceInput(gradIn, gradOut, weight, shape);
    }

    @Override
    public void conv2dBackwardWeight(
            Tensor gradWeight, @Nullable Tensor gradBias, Tensor gradOut, Tensor in, Conv2dOptions options) {
        Conv2dShape shape = Conv2dShape.of(in.shape(), gradWeight.shape(), options)
                .requireOut(gradOut)
                .requirePerChannel("bias gradient", gradBias);
        Conv2dBackwardKernel.referenceWeight(gradWeight, gradBias, gradOut, in, shape);
    }

    @Override
    public void channelStatistics(Tensor mean, Tensor variance, Tensor in) {
        ChannelShape shape =
                ChannelShape.of("channelStatistics", in).requirePerChannel("channelStatistics", mean, variance);
        BatchNormKernel.referenceStatistics(mean, variance, in, shape);
    }

    @Override
    public void batchNorm(Tensor out, Tensor in, Tensor mean, Tensor variance, Tensor weight, Tensor bias, double eps) {
        ChannelShape shape = ChannelShape.of("batchNorm", in)
                .requireAlike("batchNorm output", out)
                .requirePerChannel("batchNorm", mean, variance, weight, bias);
        BatchNormKernel.reference(out, in, mean, variance, weight, bias, eps, shape);
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
        BatchNormKernel.Gradients tensors = new BatchNormKernel.Gradients(
                gradIn, gradWeight, gradBias, gradOut, in, mean, variance, weight, eps, batchStatistics);
        BatchNormKernel.referenceBackward(tensors, tensors.shape());
    }

    @Override
    public void prelu(Tensor out, Tensor in, Tensor slope) {
        ChannelShape shape =
                ChannelShape.of("prelu", in).requireAlike("prelu output", out).requirePerChannel("prelu", slope);
        PReluKernel.reference(out, in, slope, shape);
    }

    @Override
    public void preluBackward(Tensor gradIn, Tensor gradSlope, Tensor gradOut, Tensor in, Tensor slope) {
        ChannelShape shape = ChannelShape.of("prelu", in)
                .requireAlike("prelu gradient", gradIn, gradOut)
                .requirePerChannel("prelu", slope, gradSlope);
        PReluKernel.referenceBackward(gradIn, gradSlope, gradOut, in, slope, shape);
    }

    @Override
    public void resize(Tensor out, Tensor in, Interpolation mode, boolean alignCorners) {
        ResizeKernel.reference(out, in, ResizeAxis.of(out.shape(), in.shape(), mode, alignCorners));
    }

    @Override
    public void resizeBackward(Tensor gradIn, Tensor gradOut, Interpolation mode, boolean alignCorners) {
        ResizeAxis[] axes = ResizeAxis.of(gradOut.shape(), gradIn.shape(), mode, alignCorners);
        ResizeKernel.referenceBackward(gradIn, gradOut, axes);
    }
}
