package org.s2d.device.cpu;

import java.util.List;
import org.s2d.device.Optimizers.AdamWStep;
import org.s2d.device.Optimizers.Slot;

/** AdamW with decoupled weight decay, in PyTorch's order. */
final class AdamWKernel {
    private AdamWKernel() {}

    static void check(List<Slot> slots) {
        for (Slot slot : slots) {
            Checks.floating("adamW", slot.parameter(), slot.gradient(), slot.expAvg(), slot.expAvgSq());
            Checks.sameShape("adamW", slot.parameter(), slot.gradient(), slot.expAvg(), slot.expAvgSq());
            Checks.contiguous("adamW", slot.parameter(), slot.gradient(), slot.expAvg(), slot.expAvgSq());
        }
    }

    // Scalar reference

    static void reference(List<Slot> slots, AdamWStep step) {
        check(slots);
        double correction1 = 1 - Math.pow(step.beta1(), (double) step.step());
        double correction2 = Math.sqrt(1 - Math.pow(step.beta2(), (double) step.step()));
        for (Slot slot : slots) {
            Cells parameter = new Cells(slot.parameter());
            Cells gradient = new Cells(slot.gradient());
            Cells expAvg = new Cells(slot.expAvg());
            Cells expAvgSq = new Cells(slot.expAvgSq());
            for (long i = 0; i < slot.parameter().numel(); i++) {
                double g = gradient.get(i) * step.gradientScale();
                double m = step.beta1() * expAvg.get(i) + (1 - step.beta1()) * g;
                double v = step.beta2() * expAvgSq.get(i) + (1 - step.beta2()) * g * g;
                double decayed = parameter.get(i) * (1 - slot.lr() * slot.weightDecay());
                expAvg.set(i, m);
                expAvgSq.set(i, v);
                parameter.set(i, decayed - slot.lr() / correction1 * m / (Math.sqrt(v) / correction2 + step.eps()));
            }
        }
    }
}
