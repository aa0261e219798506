package org.s2d.device.cpu;

import java.util.List;
import org.s2d.device.Optimizers;
import org.s2d.tensor.Tensor;

/** F32 and BF16 with the Vector API. */
@SuppressWarnings("UnusedVariable")
final class CpuOptimizers implements Optimizers {
    private final Workers workers;
    // Until each kernel has its vector version.
    private final Optimizers scalar = new ReferenceOptimizers();

    CpuOptimizers(Workers workers) {
        this.workers = workers;
    }

    @Override
    public void adamW(List<Slot> slots, AdamWStep step) {
        scalar.adamW(slots, step);
    }

    @Override
    public double norm(List<Tensor> gradients) {
        return scalar.norm(gradients);
    }

    @Override
    public void movingAverage(List<Tensor> averages, List<Tensor> values, double decay) {
        scalar.movingAverage(averages, values, decay);
    }
}
