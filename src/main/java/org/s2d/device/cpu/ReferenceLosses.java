package org.s2d.device.cpu;

import org.s2d.device.Losses;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceLosses implements Losses {
    @Override
    public void crossEntropy(Tensor loss, Tensor logits, Tensor target) {
        CrossEntropyKernel.reference(loss, logits, target);
    }

    @Override
    public void crossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        CrossEntropyKernel.referenceBackward(gradLogits, gradLoss, logits, target);
    }

    @Override
    public void binaryCrossEntropy(Tensor loss, Tensor logits, Tensor target) {
        BinaryCrossEntropyKernel.reference(loss, logits, target);
    }

    @Override
    public void binaryCrossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        BinaryCrossEntropyKernel.referenceBackward(gradLogits, gradLoss, logits, target);
    }

    @Override
    public void anchorTargets(Tensor out, Tensor feature, Tensor queue, Tensor distribution, int k) {
        AnchorKernel.reference(out, feature, queue, distribution, k);
    }
}
