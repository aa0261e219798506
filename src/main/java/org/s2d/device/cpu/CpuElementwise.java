package org.s2d.device.cpu;

import org.s2d.device.Elementwise;
import org.s2d.tensor.Tensor;

/** F32 and BF16 with the Vector API. */
@SuppressWarnings("UnusedVariable")
final class CpuElementwise implements Elementwise {
    private final Workers workers;
    // Until each kernel has its vector version.
    private final Elementwise scalar = new ReferenceElementwise();

    CpuElementwise(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void fill(Tensor out, double value) {
        scalar.fill(out, value);
    }

    @Override
    public void copy(Tensor out, Tensor in) {
        scalar.copy(out, in);
    }

    @Override
    public void binary(Binary op, Tensor out, Tensor a, Tensor b) {
        scalar.binary(op, out, a, b);
    }

    @Override
    public void addScaled(Tensor out, Tensor in, double scale) {
        scalar.addScaled(out, in, scale);
    }

    @Override
    public void scale(Tensor out, Tensor in, double factor) {
        scalar.scale(out, in, factor);
    }

    @Override
    public void unary(Unary op, Tensor out, Tensor in) {
        scalar.unary(op, out, in);
    }

    @Override
    public void unaryBackward(Unary op, Tensor gradIn, Tensor in, Tensor gradOut) {
        scalar.unaryBackward(op, gradIn, in, gradOut);
    }

    @Override
    public void sumTo(Tensor out, Tensor in) {
        scalar.sumTo(out, in);
    }

    @Override
    public void dropout(Tensor out, Tensor in, double probability, long seed) {
        scalar.dropout(out, in, probability, seed);
    }
}
