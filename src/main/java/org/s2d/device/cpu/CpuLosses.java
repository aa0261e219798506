package org.s2d.device.cpu;

import org.s2d.device.LossChecks;
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
    public void crossEntropyOfLabels(Tensor loss, Tensor logits, Tensor labels, double smoothing) {
        CrossEntropyKernel.ofLabels(loss, logits, labels, smoothing, partition);
    }

    @Override
    public void crossEntropyOfLabelsBackward(
            Tensor gradLogits, Tensor gradLoss, Tensor logits, Tensor labels, double smoothing) {
        CrossEntropyKernel.ofLabelsBackward(gradLogits, gradLoss, logits, labels, smoothing, partition);
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
    public void squaredError(Tensor loss, Tensor in, Tensor target) {
        SquaredErrorKernel.forward(loss, in, target, partition);
    }

    @Override
    public void squaredErrorBackward(Tensor gradIn, Tensor gradLoss, Tensor in, Tensor target) {
        SquaredErrorKernel.backward(gradIn, gradLoss, in, target, partition);
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
    public void anchorLoss(Tensor loss, Tensor target, Tensor logits, Tensor feature, Anchors anchors, int k) {
        LossChecks.anchors(loss, target, logits, feature, anchors, k);
        AnchorKernel.forward(target, feature, anchors.queue(), anchors.distribution(), k, partition);
        binaryCrossEntropy(loss, logits, target);
    }

    @Override
    public void pushAnchors(Tensor queue, Tensor rows, Tensor labels, Tensor factor) {
        AnchorKernel.push(queue, rows, labels, factor);
    }
}
