package org.s2d.device.cpu;

import java.util.List;
import org.s2d.device.Optimizers;
import org.s2d.device.PreparedAdamW;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** F32 with the Vector API; norms also of BF16. */
final class CpuOptimizers implements Optimizers {
    private final Workers workers;
    private final Scratch scratch;

    CpuOptimizers(Workers workers) {
        this.workers = workers;
        scratch = workers.scratch();
    }

    @Override
    public void adamW(List<Slot> slots, AdamWStep step) {
        AdamWKernel.parallel(slots, step, workers);
    }

    @Override
    public PreparedAdamW prepare(Scope scope, List<Slot> slots, AdamWStep step) {
        return new HostAdamW(this, slots, step);
    }

    @Override
    public double norm(List<Tensor> gradients) {
        return NormKernel.parallel(gradients, workers, scratch);
    }

    @Override
    public void movingAverage(List<Tensor> averages, List<Tensor> values, double decay) {
        MovingAverageKernel.parallel(averages, values, decay, workers);
    }
}
