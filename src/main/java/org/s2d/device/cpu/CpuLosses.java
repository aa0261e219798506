package org.s2d.device.cpu;

import org.s2d.device.Losses;
import org.s2d.tensor.Tensor;

/** F32 and BF16 with the Vector API. */
@SuppressWarnings("UnusedVariable")
final class CpuLosses implements Losses {
    private final Workers workers;

    CpuLosses(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void crossEntropy(Tensor loss, Tensor logits, Tensor target) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void crossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void binaryCrossEntropy(Tensor loss, Tensor logits, Tensor target) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void binaryCrossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void anchorTargets(Tensor out, Tensor feature, Tensor queue, Tensor distribution, int k) {
        throw new UnsupportedOperationException();
    }
}
