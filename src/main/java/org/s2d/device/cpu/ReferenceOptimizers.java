package org.s2d.device.cpu;

import java.util.List;
import org.s2d.device.Optimizers;
import org.s2d.device.PreparedAdamW;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** Plain loops in double: the specification. */
final class ReferenceOptimizers implements Optimizers {
    @Override
    public void adamW(List<Slot> slots, AdamWStep step) {
        AdamWKernel.reference(slots, step);
    }

    @Override
    public PreparedAdamW prepare(Scope scope, List<Slot> slots, AdamWStep step) {
        return new HostAdamW(this, slots, step);
    }

    @Override
    public double norm(List<Tensor> gradients) {
        return NormKernel.reference(gradients);
    }

    @Override
    public void movingAverage(List<Tensor> averages, List<Tensor> values, double decay) {
        MovingAverageKernel.reference(averages, values, decay);
    }
}
