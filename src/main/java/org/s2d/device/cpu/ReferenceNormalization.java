package org.s2d.device.cpu;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Checks;
import org.s2d.device.Elementwise;
import org.s2d.device.Normalization;
import org.s2d.device.ResidualSum;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceNormalization implements Normalization {
    private final Elementwise elementwise;

    ReferenceNormalization(Elementwise elementwise) {
        this.elementwise = elementwise;
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
        LayerNormReference.forward(out, mean, rstd, in, weight, bias, eps);
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
        PooledNormKernel.forward(out, mean, rstd, in, weight, bias, eps, Partition.WHOLE);
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
        LayerNormReference.backward(gradIn, gradWeight, gradBias, gradOut, in, mean, rstd, weight);
        if (gradIn != null && around != null) {
            Checks.sameShape("layerNormBackward", in, around);
            elementwise.binary(Elementwise.Binary.ADD, gradIn, gradIn, around);
        }
    }

    @Override
    public void softmax(Tensor out, Tensor in) {
        SoftmaxKernel.forward(out, in, Partition.WHOLE);
    }

    @Override
    public void softmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        SoftmaxKernel.backward(gradIn, out, gradOut, Partition.WHOLE);
    }

    @Override
    public void logSoftmax(Tensor out, Tensor in) {
        SoftmaxKernel.logForward(out, in, Partition.WHOLE);
    }

    @Override
    public void logSoftmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        SoftmaxKernel.logBackward(gradIn, out, gradOut, Partition.WHOLE);
    }
}
