package org.s2d.device.cpu;

import org.s2d.device.LossChecks;
import org.s2d.tensor.Tensor;

/** Mean squared difference per row. In double on every device: small beside the products before it. */
final class SquaredErrorKernel {
    private SquaredErrorKernel() {}

    static void forward(Tensor loss, Tensor in, Tensor target, Partition partition) {
        LossChecks.perRow("squaredError", loss, in, target);
        int width = in.dim(-1);
        Cells losses = new Cells(loss);
        Cells from = new Cells(in);
        Cells targets = new Cells(target);
        partition.rows(loss.numel(), width, (worker, begin, end) -> {
            double[] values = new double[width];
            double[] wanted = new double[width];
            for (long row = begin; row < end; row++) {
                from.read(row * width, 1, values);
                targets.read(row * width, 1, wanted);
                double sum = 0;
                for (int i = 0; i < width; i++) {
                    sum += (values[i] - wanted[i]) * (values[i] - wanted[i]);
                }
                losses.set(row, sum / width);
            }
        });
    }

    static void backward(Tensor gradIn, Tensor gradLoss, Tensor in, Tensor target, Partition partition) {
        LossChecks.perRow("squaredErrorBackward", gradLoss, in, gradIn, target);
        int width = in.dim(-1);
        Cells to = new Cells(gradIn);
        Cells grads = new Cells(gradLoss);
        Cells from = new Cells(in);
        Cells targets = new Cells(target);
        partition.rows(gradLoss.numel(), width, (worker, begin, end) -> {
            double[] values = new double[width];
            double[] wanted = new double[width];
            for (long row = begin; row < end; row++) {
                from.read(row * width, 1, values);
                targets.read(row * width, 1, wanted);
                double factor = 2 * grads.get(row) / width;
                for (int i = 0; i < width; i++) {
                    values[i] = factor * (values[i] - wanted[i]);
                }
                to.write(row * width, 1, values);
            }
        });
    }
}
