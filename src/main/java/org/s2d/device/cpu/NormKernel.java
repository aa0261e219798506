package org.s2d.device.cpu;

import java.util.List;
import org.s2d.tensor.Tensor;

/** 2-norm over all elements of several tensors. */
final class NormKernel {
    private NormKernel() {}

    // Scalar reference

    static double reference(List<Tensor> tensors) {
        double[] sum = new double[1];
        for (Tensor tensor : tensors) {
            Checks.floating("norm", tensor);
            Cells cells = new Cells(tensor);
            StridedLoop.over(tensor.shape(), tensor).forEach(at -> sum[0] += cells.get(at[0]) * cells.get(at[0]));
        }
        return Math.sqrt(sum[0]);
    }
}
