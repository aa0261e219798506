package org.s2d.device;

import java.util.List;
import org.s2d.device.Optimizers.Slot;
import org.s2d.tensor.DType;
import org.s2d.tensor.Shape;
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

    public static void rates(List<PreparedAdamW.Rate> rates, List<Slot> slots) {
        if (rates.size() != slots.size()) {
            throw new ShapeException("adamW: " + rates.size() + " rates for " + slots.size() + " parameters");
        }
    }

    public static void judge(Tensor report, Tensor watched, DType type) {
        if (report.dtype() != DType.F64 || watched.dtype() != type) {
            throw new ShapeException(
                    "judge: report " + report + " and watched " + watched + " are not F64 and " + type);
        }
        Checks.rank("judge", "watched", watched, 1);
        Checks.shape("judge", "report", report, Shape.of(2 + watched.dim(0)));
        Checks.contiguous("judge", report, watched);
    }

    /** A scalar in memory of the device. */
    public static void factor(String kernel, Tensor factor) {
        if (factor.dtype() != DType.F64 || factor.numel() != 1) {
            throw new ShapeException(kernel + ": factor " + factor + " is not one F64");
        }
    }
}
