package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.util.stream.Stream;
import org.s2d.device.AttentionKernels;
import org.s2d.device.AttentionSizes;
import org.s2d.device.FoveaPromptSteps;
import org.s2d.device.FoveaPrompter;
import org.s2d.device.Products.Activation;
import org.s2d.tensor.DType;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** F32 and BF16 with the Vector API. */
final class CpuAttentionKernels implements AttentionKernels {
    /** Operations below which handing work to another thread costs more than it saves. */
    private static final double WORTH_SHARING = 200_000;

    private final Workers workers;
    private final FoveaPromptSteps prompter;
    private final AttentionKernel[] perWorker;

    CpuAttentionKernels(Workers workers, FoveaPromptSteps prompter) {
        this.workers = workers;
        this.prompter = prompter;
        perWorker = Stream.generate(AttentionKernel::new).limit(workers.count()).toArray(AttentionKernel[]::new);
    }

    @Override
    public void attention(Tensor out, Tensor logSumExp, Tensor q, Tensor k, Tensor v, double scale) {
        String kernel = "attention";
        AttentionSizes sizes = AttentionSizes.check(kernel, q, k, v, out, logSumExp);
        AttentionKernel.Forward call = new AttentionKernel.Forward(
                sizes,
                new HeadRows(kernel, out),
                floats(kernel, logSumExp),
                new HeadRows(kernel, q),
                new HeadRows(kernel, k),
                new HeadRows(kernel, v),
                (float) scale);
        workers.parallelFor(
                sizes.problems(),
                grain(sizes),
                (worker, from, to) -> perWorker[worker].forward(call, (int) from, (int) to));
    }

    @Override
    public void attentionBackward(
            Tensor gradQ,
            Tensor gradK,
            Tensor gradV,
            Tensor gradOut,
            Tensor q,
            Tensor k,
            Tensor v,
            Tensor out,
            Tensor logSumExp,
            double scale) {
        String kernel = "attentionBackward";
        AttentionSizes sizes = AttentionSizes.check(kernel, q, k, v, out, logSumExp);
        AttentionSizes.requireLike(kernel, "gradOut", gradOut, "q", q);
        AttentionSizes.requireLike(kernel, "gradQ", gradQ, "q", q);
        AttentionSizes.requireLike(kernel, "gradK", gradK, "k", k);
        AttentionSizes.requireLike(kernel, "gradV", gradV, "v", v);
        AttentionKernel.Backward call = new AttentionKernel.Backward(
                sizes,
                new HeadRows(kernel, gradQ),
                new HeadRows(kernel, gradK),
                new HeadRows(kernel, gradV),
                new HeadRows(kernel, gradOut),
                new HeadRows(kernel, q),
                new HeadRows(kernel, k),
                new HeadRows(kernel, v),
                floats(kernel, logSumExp),
                (float) scale);
        workers.parallelFor(
                sizes.problems(),
                grain(sizes),
                (worker, from, to) -> perWorker[worker].backward(call, (int) from, (int) to));
    }

    private static long grain(AttentionSizes sizes) {
        double operations = 4.0 * sizes.queries() * sizes.keys() * sizes.headDim();
        return Math.max(1, (long) (WORTH_SHARING / Math.max(1, operations)));
    }

    private static MemorySegment floats(String kernel, Tensor logSumExp) {
        if (logSumExp.dtype() != DType.F32) {
            throw new ShapeException(kernel + ": logSumExp is " + logSumExp.dtype() + " on the CPU, expected F32");
        }
        return logSumExp.data();
    }

    @Override
    public void fovea(Tensor out, Tensor in, Tensor smooth) {
        FoveaKernel.forward(out, in, smooth, workers::parallelFor);
    }

    @Override
    public void foveaBackward(Tensor gradIn, Tensor gradSmooth, Tensor gradOut, Tensor in, Tensor smooth) {
        FoveaKernel.backward(gradIn, gradSmooth, gradOut, in, smooth, workers::parallelFor);
    }

    @Override
    public void foveaPrompt(Tensor out, FoveaPrompter.Streams streams, FoveaPrompter weights) {
        prompter.forward(this, out, streams, weights);
    }

    @Override
    public void foveaPromptBackward(
            FoveaPrompter.Gradients gradients, Tensor gradOut, FoveaPrompter.Streams streams, FoveaPrompter weights) {
        prompter.backward(this, gradients, gradOut, streams, weights);
    }

    @Override
    public void temporalConv(Tensor out, Tensor in, Tensor weight, Tensor bias, Activation before) {
        TemporalConvKernel.forward(out, in, weight, bias, before, workers);
    }

    @Override
    public void temporalConvBackward(
            Tensor gradIn,
            Tensor gradWeight,
            Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor weight,
            Activation before) {
        TemporalConvKernel.backward(gradIn, gradWeight, gradBias, gradOut, in, weight, before, workers);
    }
}
