package org.s2d.device.cpu;

import org.s2d.tensor.DType;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Copies between views and element types. */
final class CopyKernel {
    private CopyKernel() {}

    /** The input in the shape of the output; integers copy only to integers. */
    static Tensor check(Tensor out, Tensor in) {
        if ((out.dtype() == DType.I64) != (in.dtype() == DType.I64)) {
            throw new ShapeException("copy: no conversion from " + in + " to " + out);
        }
        return Checks.broadcast("copy", in, out);
    }

    static void reference(Tensor out, Tensor in) {
        Tensor source = check(out, in);
        Cells to = new Cells(out);
        Cells from = new Cells(source);
        StridedLoop.over(out.shape(), out, source).forEach(at -> to.set(at[0], from.get(at[1])));
    }
}
