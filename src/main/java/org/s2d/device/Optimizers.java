package org.s2d.device;

import java.util.List;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** Kernels over all parameters at once. */
public interface Optimizers {
    /** One parameter with its gradient, its two moments and its group's values. All in the device's float type. */
    record Slot(Tensor parameter, Tensor gradient, Tensor expAvg, Tensor expAvgSq, double lr, double weightDecay) {}

    /** {@code step} counts from 1; gradients are multiplied by {@code gradientScale} (unscaling, clipping) first. */
    record AdamWStep(long step, double beta1, double beta2, double eps, double gradientScale) {}

    /**
     * AdamW in PyTorch's order: {@code p *= 1 - lr * wd}; moments; {@code p -= lr / (1 - beta1^step) * m / (sqrt(v) / sqrt(1 -
     * beta2^step) + eps)}.
     */
    void adamW(List<Slot> slots, AdamWStep step);

    /**
     * The same for tensors that are updated again and again.
     *
     * @param scope what the update needs on the device lives there
     * @param slots their rates are those of the first update
     * @param step of the first update; its gradient scale is not used
     */
    PreparedAdamW prepare(Scope scope, List<Slot> slots, AdamWStep step);

    /** 2-norm over all elements of all tensors; NaN or infinity where any element is. */
    double norm(List<Tensor> gradients);

    /** {@code average = decay * average + (1 - decay) * value} for each pair. */
    void movingAverage(List<Tensor> averages, List<Tensor> values, double decay);
}
