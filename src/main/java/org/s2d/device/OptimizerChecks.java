package org.s2d.device;

import java.util.List;
import org.s2d.device.Optimizers.Slot;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** Argument checks of {@link Optimizers}, the same on every device. */
public final class OptimizerChecks {
    private OptimizerChecks() {}

    public static void adamW(List<Slot> slots) {
        for (Slot slot : slots) {
            Checks.floating("adamW", slot.parameter(), slot.gradient(), slot.expAvg(), slot.expAvgSq());
            Checks.sameShape("adamW", slot.parameter(), slot.gradient(), slot.expAvg(), slot.expAvgSq());
            Checks.contiguous("adamW", slot.parameter(), slot.gradient(), slot.expAvg(), slot.expAvgSq());
        }
    }

    public static void movingAverage(List<Tensor> averages, List<Tensor> values) {
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
}
