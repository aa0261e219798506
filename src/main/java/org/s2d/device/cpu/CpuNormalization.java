package org.s2d.device.cpu;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Normalization;
import org.s2d.tensor.Tensor;

/** F32 and BF16 with the Vector API. */
@SuppressWarnings("UnusedVariable")
final class CpuNormalization implements Normalization {
    private final Workers workers;

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
        throw new UnsupportedOperationException();
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
        throw new UnsupportedOperationException();
    }

    @Override
    public void softmax(Tensor out, Tensor in) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void softmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void logSoftmax(Tensor out, Tensor in) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void logSoftmaxBackward(Tensor gradIn, Tensor out, Tensor gradOut) {
        throw new UnsupportedOperationException();
    }
}
