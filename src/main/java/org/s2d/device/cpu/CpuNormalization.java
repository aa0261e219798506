package org.s2d.device.cpu;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Checks;
import org.s2d.device.Elementwise;
import org.s2d.device.Normalization;
import org.s2d.device.ResidualSum;
import org.s2d.tensor.Tensor;

/** F32 and BF16: layer normalisation by oneDNN, its gradient with the Vector API; softmax in double. */
final class CpuNormalization implements Normalization, AutoCloseable {
    private final Workers workers;
    private final Scratch scratch;
    private final Partition partition;
    private final Elementwise elementwise;
    private final OneDnnLayerNorm layerNorm;

    CpuNormalization(Workers workers, Elementwise elementwise, OneDnnTeam team) {
        this.workers = workers;
        this.elementwise = elementwise;
        layerNorm = new OneDnnLayerNorm(team);
        scratch = workers.scratch();
        partition = workers::parallelFor;
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
        layerNorm.forward(out, mean, rstd, in, weight, bias, eps);
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
        terms.store(sum, elementwise);
        layerNorm(out, mean, rstd, sum, weight, bias, eps);
    }

    @Override
    public void meanLayerNorm(Tensor out, Tensor mean, Tensor rstd, Tensor in, Tensor weight, Tensor bias, double eps) {
        PooledNormKernel.forward(out, mean, rstd, in, weight, bias, eps, partition);
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
        LayerNormBackward.run(gradIn, gradWeight, gradBias, gradOut, in, mean, rstd, weight, workers, scratch);
        if (gradIn != null && around != null) {
            Checks.sameShape("layerNormBackward", in, around);
            elementwise.binary(Elementwise.Binary.ADD, gradIn, gradIn, around);
        }
    }

    @Override
    public void softmax(Tensor out, Tensor in) {
        SoftmaxKernel.forward(out, in, partition);
    }

    @Override
    public void softmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        SoftmaxKernel.backward(gradIn, out, gradOut, partition);
    }

    @Override
    public void logSoftmax(Tensor out, Tensor in) {
        SoftmaxKernel.logForward(out, in, partition);
    }

    @Override
    public void logSoftmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        SoftmaxKernel.logBackward(gradIn, out, gradOut, partition);
    }

    @Override
    public void close() {
        layerNorm.close();
    }
}
