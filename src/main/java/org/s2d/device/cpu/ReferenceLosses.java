package org.s2d.device.cpu;

import org.s2d.device.Losses;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceLosses implements Losses {
    @Override
    public void crossEntropy(Tensor loss, Tensor logits, Tensor target) {
        CrossEntropyKernel.forward(loss, logits, target, Partition.WHOLE);
    }

    @Override
    public void crossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        CrossEntropyKernel.backward(gradLogits, gradLoss, logits, target, Partition.WHOLE);
    }

    @Override
    public void binaryCrossEntropy(Tensor loss, Tensor logits, Tensor target) {
        BinaryCrossEntropyKernel.forward(loss, logits, target, Partition.WHOLE);
    }

    @Override
    public void binaryCrossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        BinaryCrossEntropyKernel.backward(gradLogits, gradLoss, logits, target, Partition.WHOLE);
    }

    @Override
    public void anchorTargets(Tensor out, Tensor feature, Tensor queue, Tensor distribution, int k) {
        AnchorKernel.forward(out, feature, queue, distribution, k, Partition.WHOLE);
    }
}
