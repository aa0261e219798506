package org.s2d.device.cpu;

import org.s2d.device.Products;
import org.s2d.tensor.Tensor;

/** F32 and BF16 with the Vector API. */
@SuppressWarnings("UnusedVariable")
final class CpuProducts implements Products {
    private final Workers workers;

    CpuProducts(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void matmul(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        throw new UnsupportedOperationException();
    }
}
