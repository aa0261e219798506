package org.s2d.device.cpu;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Convolutions;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceConvolutions implements Convolutions {
    @Override
    public void conv2d(Tensor out, Tensor in, Tensor weight, @Nullable Tensor bias, Conv2dOptions options) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void conv2dBackwardInput(Tensor gradIn, Tensor gradOut, Tensor weight, Conv2dOptions options) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void conv2dBackwardWeight(
            Tensor gradWeight, @Nullable Tensor gradBias, Tensor gradOut, Tensor in, Conv2dOptions options) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void channelStatistics(Tensor mean, Tensor variance, Tensor in) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void batchNorm(Tensor out, Tensor in, Tensor mean, Tensor variance, Tensor weight, Tensor bias, double eps) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void batchNormBackward(
            Tensor gradIn,
            Tensor gradWeight,
            Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor variance,
            Tensor weight,
            double eps,
            boolean batchStatistics) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void prelu(Tensor out, Tensor in, Tensor slope) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void preluBackward(Tensor gradIn, Tensor gradSlope, Tensor gradOut, Tensor in, Tensor slope) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void resize(Tensor out, Tensor in, Interpolation mode, boolean alignCorners) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void resizeBackward(Tensor gradIn, Tensor gradOut, Interpolation mode, boolean alignCorners) {
        throw new UnsupportedOperationException();
    }
}
