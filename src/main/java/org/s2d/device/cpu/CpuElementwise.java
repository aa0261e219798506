package org.s2d.device.cpu;

import org.s2d.device.Elementwise;
import org.s2d.tensor.Tensor;

/** F32 and BF16 with the Vector API. */
@SuppressWarnings("UnusedVariable")
final class CpuElementwise implements Elementwise {
    private final Workers workers;

    CpuElementwise(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void fill(Tensor out, double value) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void copy(Tensor out, Tensor in) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void binary(Binary op, Tensor out, Tensor a, Tensor b) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void addScaled(Tensor out, Tensor in, double scale) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void scale(Tensor out, Tensor in, double factor) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void unary(Unary op, Tensor out, Tensor in) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void unaryBackward(Unary op, Tensor gradIn, Tensor in, Tensor gradOut) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void sumTo(Tensor out, Tensor in) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void dropout(Tensor out, Tensor in, double probability, long seed) {
        throw new UnsupportedOperationException();
    }
}
