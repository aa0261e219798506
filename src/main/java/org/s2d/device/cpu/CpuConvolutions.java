package org.s2d.device.cpu;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.device.ChannelShape;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions;
import org.s2d.device.Elementwise;
import org.s2d.device.ResizeAxis;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/**
 * F32 with the Vector API. Tensors of other types pass through F32 copies: convolutions carry no large share of S2D's
 * work, and the frozen landmark networks are kept in F32.
 */
final class CpuConvolutions implements Convolutions {
    private final HostPool pool;
    private final Workers workers;
    private final Elementwise elementwise;
    private final WorkerScratch scratch;

    CpuConvolutions(HostPool pool, Workers workers, Elementwise elementwise) {
        this.pool = pool;
        this.workers = workers;
        this.elementwise = elementwise;
        scratch = new WorkerScratch(workers);
    }

    /** F32 stand-ins of one call's tensors; results are written back when it closes. */
    private final class Floats implements AutoCloseable {
        private final Scope scope = new Scope(pool);
        private final List<Runnable> results = new ArrayList<>();

        Tensor in(Tensor tensor) {
            if (tensor.dtype() == DType.F32) {
                return tensor;
            }
            Tensor copy = scope.allocate(DType.F32, tensor.shape());
            elementwise.copy(copy, tensor);
            return copy;
        }

        Tensor out(Tensor tensor) {
            if (tensor.dtype() == DType.F32) {
                return tensor;
            }
            Tensor copy = scope.allocate(DType.F32, tensor.shape());
            results.add(() -> elementwise.copy(tensor, copy));
            return copy;
        }

        void finish() {
            results.forEach(Runnable::run);
        }

        @Override
        public void close() {
            scope.close();
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
        try (Floats floats = new Floats()) {
            Tensor residual = epilogue.residual() == null ? null : floats.in(epilogue.residual());
            Conv2dEpilogue ends = new Conv2dEpilogue(epilogue.slope(), epilogue.ceiling(), residual);
            ChannelOutput target = new ChannelOutput(shape, floats.out(out), bias, ends);
            Tensor x = floats.in(in);
            Tensor w = floats.in(weight);
            if (shape.isDepthwise()) {
                DepthwiseConv2dKernel.forward(workers, scratch, shape, x.data(), w.data(), target);
            } else {
                Conv2dKernel.forward(workers, scratch, shape, x.data(), w.data(), target);
            }
            floats.finish();
        }
    }

    @Override
    public void conv2dBackwardInput(Tensor gradIn, Tensor gradOut, Tensor weight, Conv2dOptions options) {
        Conv2dShape shape =
                Conv2dShape.of(gradIn.shape(), weight.shape(), options).requireOut(gradOut);
        try (Floats floats = new Floats()) {
            Tensor dx = floats.out(gradIn);
            Tensor dy = floats.in(gradOut);
            Conv2dBackwardKernel.input(
                    workers,
                    scratch,
                    shape,
                    dx.data(),
                    dy.data(),
                    floats.in(weight).data());
            floats.finish();
        }
    }

    @Override
    public void conv2dBackwardWeight(
            Tensor gradWeight, @Nullable Tensor gradBias, Tensor gradOut, Tensor in, Conv2dOptions options) {
        Conv2dShape shape = Conv2dShape.of(in.shape(), gradWeight.shape(), options)
                .requireOut(gradOut)
                .requirePerChannel("bias gradient", gradBias);
        try (Floats floats = new Floats()) {
            Tensor dw = floats.out(gradWeight);
            Tensor db = gradBias == null ? null : floats.out(gradBias);
            Conv2dBackwardKernel.weight(
                    workers,
                    shape,
                    dw.data(),
                    db == null ? null : db.data(),
                    floats.in(gradOut).data(),
                    floats.in(in).data());
            floats.finish();
        }
    }

    @Override
    public void channelStatistics(Tensor mean, Tensor variance, Tensor in) {
        ChannelShape shape =
                ChannelShape.of("channelStatistics", in).requirePerChannel("channelStatistics", mean, variance);
        try (Floats floats = new Floats()) {
            BatchNormKernel.statistics(workers, mean, variance, floats.in(in), shape);
        }
    }

    @Override
    public void batchNorm(Tensor out, Tensor in, Tensor mean, Tensor variance, Tensor weight, Tensor bias, double eps) {
        ChannelShape shape = ChannelShape.of("batchNorm", in)
                .requireAlike("batchNorm output", out)
                .requirePerChannel("batchNorm", mean, variance, weight, bias);
        try (Floats floats = new Floats()) {
            Tensor y = floats.out(out);
            BatchNormKernel.forward(workers, y, floats.in(in), mean, variance, weight, bias, eps, shape);
            floats.finish();
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
        try (Floats floats = new Floats()) {
            BatchNormKernel.Gradients tensors = new BatchNormKernel.Gradients(
                    floats.out(gradIn),
                    gradWeight,
                    gradBias,
                    floats.in(gradOut),
                    floats.in(in),
                    mean,
                    variance,
                    weight,
                    eps,
                    batchStatistics);
            BatchNormKernel.backward(workers, tensors, tensors.shape());
            floats.finish();
        }
    }

    @Override
    public void prelu(Tensor out, Tensor in, Tensor slope) {
        ChannelShape shape =
                ChannelShape.of("prelu", in).requireAlike("prelu output", out).requirePerChannel("prelu", slope);
        try (Floats floats = new Floats()) {
            PReluKernel.forward(workers, floats.out(out), floats.in(in), slope, shape);
            floats.finish();
        }
    }

    @Override
    public void preluBackward(Tensor gradIn, Tensor gradSlope, Tensor gradOut, Tensor in, Tensor slope) {
        ChannelShape shape = ChannelShape.of("prelu", in)
                .requireAlike("prelu gradient", gradIn, gradOut)
                .requirePerChannel("prelu", slope, gradSlope);
        try (Floats floats = new Floats()) {
            Tensor dx = floats.out(gradIn);
            PReluKernel.backward(workers, dx, gradSlope, floats.in(gradOut), floats.in(in), slope, shape);
            floats.finish();
        }
    }

    @Override
    public void resize(Tensor out, Tensor in, Interpolation mode, boolean alignCorners) {
        ResizeAxis[] axes = ResizeAxis.of(out.shape(), in.shape(), mode, alignCorners);
        try (Floats floats = new Floats()) {
            ResizeKernel.forward(workers, scratch, floats.out(out), floats.in(in), axes);
            floats.finish();
        }
    }

    @Override
    public void resizeBackward(Tensor gradIn, Tensor gradOut, Interpolation mode, boolean alignCorners) {
        ResizeAxis[] axes = ResizeAxis.of(gradOut.shape(), gradIn.shape(), mode, alignCorners);
        try (Floats floats = new Floats()) {
            ResizeKernel.backward(workers, scratch, floats.out(gradIn), floats.in(gradOut), axes);
            floats.finish();
        }
    }
}
