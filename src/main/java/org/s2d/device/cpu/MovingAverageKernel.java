package org.s2d.device.cpu;

import java.util.List;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Exponential moving averages of several tensors. */
final class MovingAverageKernel {
    private MovingAverageKernel() {}

    static void check(List<Tensor> averages, List<Tensor> values) {
        if (averages.size() != values.size()) {
            throw new ShapeException(
                    "movingAverage: " + averages.size() + " averages for " + values.size() + " values");
        }
        for (int i = 0; i < averages.size(); i++) {
            Checks.floating("movingAverage", averages.get(i), values.get(i));
            Checks.sameShape("movingAverage", averages.get(i), values.get(i));
            Checks.contiguous("movingAverage", averages.get(i), values.get(i));
        }
    }

    // Scalar reference

    static void reference(List<Tensor> averages, List<Tensor> values, double decay) {
        check(averages, values);
        for (int i = 0; i < averages.size(); i++) {
            Cells average = new Cells(averages.get(i));
            Cells value = new Cells(values.get(i));
            for (long at = 0; at < averages.get(i).numel(); at++) {
                average.set(at, decay * average.get(at) + (1 - decay) * value.get(at));
            }
        }
    }
}
