package org.s2d.device.cpu;

import org.s2d.device.Losses;
import org.s2d.tensor.Tensor;

/** F32 and BF16 with the Vector API. */
@SuppressWarnings("UnusedVariable")
final class CpuLosses implements Losses {
    private final Workers workers;
    // Until each kernel has its vector version.
    private final Losses scalar = new ReferenceLosses();

    CpuLosses(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void crossEntropy(Tensor loss, Tensor logits, Tensor target) {
        scalar.crossEntropy(loss, logits, target);
    }

    @Override
    public void crossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        scalar.crossEntropyBackward(gradLogits, gradLoss, logits, target);
    }

    @Override
    public void binaryCrossEntropy(Tensor loss, Tensor logits, Tensor target) {
        scalar.binaryCrossEntropy(loss, logits, target);
    }

    @Override
    public void binaryCrossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        scalar.binaryCrossEntropyBackward(gradLogits, gradLoss, logits, target);
    }

    @Override
    public void anchorTargets(Tensor out, Tensor feature, Tensor queue, Tensor distribution, int k) {
        scalar.anchorTargets(out, feature, queue, distribution, k);
    }
}
