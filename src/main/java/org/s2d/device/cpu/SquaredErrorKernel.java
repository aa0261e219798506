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
            for (long row = begin; row < end; row++) {
                double sum = 0;
                for (long at = row * width; at < (row + 1) * width; at++) {
                    double difference = from.get(at) - targets.get(at);
                    sum += difference * difference;
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
            for (long at = begin * width; at < end * width; at++) {
                to.set(at, 2 * grads.get(at / width) / width * (from.get(at) - targets.get(at)));
            }
        });
    }
}
