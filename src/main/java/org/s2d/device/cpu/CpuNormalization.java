package org.s2d.device.cpu;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Normalization;
import org.s2d.tensor.Tensor;

/** F32 and BF16 with the Vector API. */
@SuppressWarnings("UnusedVariable")
final class CpuNormalization implements Normalization {
    private final Workers workers;
    // Until each kernel has its vector version.
    private final Normalization scalar = new ReferenceNormalization();

    CpuNormalization(Workers workers) {
        this.workers = workers;
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
        scalar.layerNorm(out, mean, rstd, in, weight, bias, eps);
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
            Tensor weight) {
        scalar.layerNormBackward(gradIn, gradWeight, gradBias, gradOut, in, mean, rstd, weight);
    }

    @Override
    public void softmax(Tensor out, Tensor in) {
        scalar.softmax(out, in);
    }

    @Override
    public void softmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        scalar.softmaxBackward(gradIn, out, gradOut);
    }

    @Override
    public void logSoftmax(Tensor out, Tensor in) {
        scalar.logSoftmax(out, in);
    }

    @Override
    public void logSoftmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        scalar.logSoftmaxBackward(gradIn, out, gradOut);
    }
}
