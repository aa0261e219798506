package org.s2d.device.cuda;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Checks;
import org.s2d.device.Elementwise;
import org.s2d.device.Normalization;
import org.s2d.device.NormalizationChecks;
import org.s2d.device.ResidualSum;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/layer_norm.cu}, {@code kernels/head_pool.cu} and {@code kernels/softmax.cu}; F32, BF16 and F16 in any mix, arithmetic in F32. */
final class CudaNormalization implements Normalization {
    private static final String SOFTMAX = "softmax";
    private static final int THREADS = 256;
    private static final int ROWS = THREADS / DeviceProperties.WARP;
    private static final int MAX_BLOCKS = 4096;

    private final CudaContext context;
    private final Elementwise elementwise;
    private final CudaLayerNorm layerNorm;
    private final Kernel headPool;
    private final Kernel softmax;
    private final Kernel softmaxBackward;
    private final Kernel logSoftmax;
    private final Kernel logSoftmaxBackward;

    CudaNormalization(CudaContext context, Elementwise elementwise) {
        this.context = context;
        this.elementwise = elementwise;
        layerNorm = new CudaLayerNorm(context);
        headPool = context.kernel("head_pool", "head_pool_forward_any", LaunchContract.threads(THREADS));
        softmax = kernel("softmax_forward_any");
        softmaxBackward = kernel("softmax_backward_any");
        logSoftmax = kernel("log_softmax_forward_any");
        logSoftmaxBackward = kernel("log_softmax_backward_any");
    }

    private Kernel kernel(String name) {
        return context.kernel(SOFTMAX, name, LaunchContract.threads(THREADS));
    }

    @Override
    public void layerNorm(
            Tensor out,
            @Nullable Tensor mean,
            @Nullable Tensor rstd,
            Tensor in,
            Tensor weight,
            Tensor bias,
            double eps) {
        NormalizationChecks.layerNorm(out, mean, rstd, in, weight, bias);
        Checks.singlePrecision("layerNorm", out, in, weight, bias);
        if (in.numel() > 0) {
            layerNorm.forward(out, mean, rstd, in, weight, bias, eps);
        }
    }

    @Override
    public void sumLayerNorm(
            Tensor out,
            Tensor sum,
            @Nullable Tensor mean,
            @Nullable Tensor rstd,
            ResidualSum terms,
            Tensor weight,
            Tensor bias,
            double eps) {
        terms.check(sum);
        NormalizationChecks.layerNorm(out, mean, rstd, sum, weight, bias);
        Checks.singlePrecision("sumLayerNorm", out, sum, terms.in(), weight, bias);
        terms.addends().forEach(addend -> Checks.singlePrecision("sumLayerNorm", addend));
        if (sum.numel() > 0) {
            layerNorm.forwardOfSum(out, sum, mean, rstd, terms, weight, bias, eps);
        }
    }

    @Override
    public void meanLayerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor in, Tensor weight, Tensor bias, double eps) {
        NormalizationChecks.meanLayerNorm(out, mean, rstd, in, weight, bias);
        Checks.singlePrecision("meanLayerNorm", out, in, weight, bias);
        Checks.onlyF32("meanLayerNorm", mean, rstd);
        if (in.numel() > 0) {
            context.launch(
                    headPool,
                    Launch.of(in.dim(0), THREADS),
                    CudaLoop.rows(in)
                            .addTo(context.arguments())
                            .elements(out)
                            .pointer(mean)
                            .pointer(rstd)
                            .elements(in)
                            .elements(weight)
                            .elements(bias)
                            .int32(CudaContext.typeCode(out.dtype()))
                            .int32(CudaContext.typeCode(weight.dtype()))
                            .int32(CudaContext.typeCode(bias.dtype()))
                            .int32(in.dim(1))
                            .int32(in.dim(2))
                            .float32(eps));
        }
    }

    @Override
    public void layerNormBackward(
            @Nullable Tensor gradIn,
            @Nullable Tensor gradWeight,
            @Nullable Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor rstd,
            Tensor weight,
            @Nullable Tensor around) {
        NormalizationChecks.layerNormBackward(gradIn, gradWeight, gradBias, gradOut, in, mean, rstd, weight, around);
        Checks.singlePrecision("layerNormBackward", gradOut, in, weight);
        if (in.numel() > 0) {
            layerNorm.backward(
                    gradIn, gradWeight, gradBias, new CudaLayerNorm.Saved(gradOut, in, mean, rstd, weight, around));
            return;
        }
        for (Tensor sum : new @Nullable Tensor[] {gradWeight, gradBias}) {
            if (sum != null) {
                elementwise.fill(sum, 0);
            }
        }
    }

    @Override
    public void softmax(Tensor out, Tensor in) {
        forward("softmax", softmax, out, in);
    }

    @Override
    public void softmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        backward("softmaxBackward", softmaxBackward, gradIn, out, gradOut);
    }

    @Override
    public void logSoftmax(Tensor out, Tensor in) {
        forward("logSoftmax", logSoftmax, out, in);
    }

    @Override
    public void logSoftmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        backward("logSoftmaxBackward", logSoftmaxBackward, gradIn, out, gradOut);
    }

    private void forward(String name, Kernel kernel, Tensor out, Tensor in) {
        NormalizationChecks.softmax(name, in, out);
        Checks.singlePrecision(name, in, out);
        if (in.numel() > 0) {
            Arguments arguments = context.arguments()
                    .elements(out)
                    .elements(in)
                    .int32(CudaContext.typeCode(out.dtype()))
                    .int32(CudaContext.typeCode(in.dtype()));
            launch(kernel, arguments, in);
        }
    }

    private void backward(String name, Kernel kernel, Tensor gradIn, Tensor out, Tensor gradOut) {
        NormalizationChecks.softmax(name, out, gradIn, gradOut);
        Checks.singlePrecision(name, out, gradIn, gradOut);
        if (out.numel() > 0) {
            Arguments arguments = context.arguments()
                    .elements(gradIn)
                    .elements(out)
                    .elements(gradOut)
                    .int32(CudaContext.typeCode(gradIn.dtype()))
                    .int32(CudaContext.typeCode(out.dtype()))
                    .int32(CudaContext.typeCode(gradOut.dtype()));
            launch(kernel, arguments, out);
        }
    }

    private void launch(Kernel kernel, Arguments arguments, Tensor shaped) {
        long rows = shaped.numel() / shaped.dim(-1);
        context.launch(
                kernel,
                Launch.of(CudaContext.blocks(rows, ROWS, MAX_BLOCKS), THREADS),
                arguments.int64(rows).int32(shaped.dim(-1)));
    }
}
