package org.s2d.device.cpu;

import org.s2d.device.Products;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceProducts implements Products {
    @Override
    public void matmul(Tensor out, Tensor a, Tensor b, Epilogue epilogue) {
        throw new UnsupportedOperationException();
    }
}
