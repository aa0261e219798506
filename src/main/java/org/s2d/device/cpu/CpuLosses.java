package org.s2d.device.cpu;

import org.s2d.device.Losses;
import org.s2d.tensor.Tensor;

/** The specification's arithmetic in double, rows cut among the workers. */
final class CpuLosses implements Losses {
    private final Partition partition;

    CpuLosses(Workers workers) {
        partition = workers::parallelFor;
    }

    @Override
    public void crossEntropy(Tensor loss, Tensor logits, Tensor target) {
        CrossEntropyKernel.forward(loss, logits, target, partition);
    }

    @Override
    public void crossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        CrossEntropyKernel.backward(gradLogits, gradLoss, logits, target, partition);
    }

    @Override
    public void binaryCrossEntropy(Tensor loss, Tensor logits, Tensor target) {
        BinaryCrossEntropyKernel.forward(loss, logits, target, partition);
    }

    @Override
    public void binaryCrossEntropyBackward(Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor target) {
        BinaryCrossEntropyKernel.backward(gradLogits, gradLoss, logits, target, partition);
    }

    @Override
    public void cosineSimilarity(Tensor out, Tensor rows, Tensor x) {
        CosineKernel.forward(out, rows, x, partition);
    }

    @Override
    public void cosineSimilarityBackward(Tensor gradRows, Tensor gradX, Tensor gradOut, Tensor rows, Tensor x) {
        CosineKernel.backward(gradRows, gradX, gradOut, rows, x);
    }

    @Override
    public void anchorTargets(Tensor out, Tensor feature, Tensor queue, Tensor distribution, int k) {
        AnchorKernel.forward(out, feature, queue, distribution, k, partition);
    }

    @Override
    public void pushAnchors(Tensor queue, Tensor rows, Tensor labels, Tensor factor) {
        AnchorKernel.push(queue, rows, labels, factor);
    }
}
