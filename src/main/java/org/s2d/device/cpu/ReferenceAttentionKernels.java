package org.s2d.device.cpu;

import org.jspecify.annotations.Nullable;
import org.s2d.device.AttentionKernels;
import org.s2d.device.FoveaPromptSteps;
import org.s2d.device.FoveaPrompter;
import org.s2d.device.Products.Activation;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceAttentionKernels implements AttentionKernels {
    private final FoveaPromptSteps prompter;

    ReferenceAttentionKernels(FoveaPromptSteps prompter) {
        this.prompter = prompter;
    }

    @Override
    public void attention(Tensor out, @Nullable Tensor logSumExp, Tensor q, Tensor k, Tensor v, double scale) {
        AttentionReference.forward(out, logSumExp, q, k, v, scale);
    }

    @Override
    public boolean backwardReadsResult() {
        return false;
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
            @Nullable Tensor out,
            Tensor logSumExp,
            double scale) {
        AttentionReference.backward(gradQ, gradK, gradV, gradOut, q, k, v, out, logSumExp, scale);
    }

    @Override
    public void fovea(Tensor out, Tensor in, Tensor smooth) {
        FoveaKernel.forward(out, in, smooth, Partition.WHOLE);
    }

    @Override
    public void foveaBackward(Tensor gradIn, Tensor gradSmooth, Tensor gradOut, Tensor in, Tensor smooth) {
        FoveaKernel.backward(gradIn, gradSmooth, gradOut, in, smooth, Partition.WHOLE);
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
        TemporalConvKernel.referenceForward(out, in, weight, bias, before);
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
        TemporalConvKernel.referenceBackward(gradIn, gradWeight, gradBias, gradOut, in, weight, before);
    }
}
