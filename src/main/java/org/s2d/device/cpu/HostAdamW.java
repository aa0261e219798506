package org.s2d.device.cpu;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.s2d.device.OptimizerChecks;
import org.s2d.device.Optimizers;
import org.s2d.device.Optimizers.AdamWStep;
import org.s2d.device.Optimizers.Slot;
import org.s2d.device.PreparedAdamW;
import org.s2d.tensor.Tensor;

/** Updates where the host computes: whatever lies in memory is a number at once. */
final class HostAdamW implements PreparedAdamW {
    private final Optimizers optimizers;
    private final List<Slot> slots;
    private final AdamWStep constants;
    private List<Rate> rates;

    HostAdamW(Optimizers optimizers, List<Slot> slots, AdamWStep step) {
        this.optimizers = optimizers;
        this.slots = List.copyOf(slots);
        constants = step;
        rates = slots.stream()
                .map(slot -> new Rate(step.step(), slot.lr(), slot.weightDecay()))
                .toList();
    }

    @Override
    public void rates(List<Rate> changed) {
        OptimizerChecks.rates(changed, slots);
        rates = List.copyOf(changed);
    }

    @Override
    public void judge(Tensor report, Tensor watched, double maxNorm, double unscale) {
        OptimizerChecks.judge(report, watched, watched.dtype());
        double norm = optimizers.norm(slots.stream().map(Slot::gradient).toList()) * unscale;
        boolean finite = Double.isFinite(norm);
        for (int i = 0; i < watched.dim(0); i++) {
            double value = watched.getDouble(i);
            finite &= Double.isFinite(value);
            report.setDouble(2 + i, value);
        }
        double factor = maxNorm > 0 ? Math.min(1, maxNorm / (norm + 1e-6)) : 1;
        report.setDouble(0, finite ? factor * unscale : Double.NaN);
        report.setDouble(1, norm);
    }

    @Override
    public void update(Tensor factor) {
        OptimizerChecks.factor("update", factor);
        double scale = factor.getDouble(0);
        if (!Double.isFinite(scale)) {
            return;
        }
        TreeMap<Long, List<Slot>> slotsByStep = new TreeMap<>();
        for (int i = 0; i < slots.size(); i++) {
            Slot slot = slots.get(i);
            Rate rate = rates.get(i);
            slotsByStep
                    .computeIfAbsent(rate.step(), unseen -> new ArrayList<>())
                    .add(new Slot(
                            slot.parameter(),
                            slot.gradient(),
                            slot.expAvg(),
                            slot.expAvgSq(),
                            rate.lr(),
                            rate.weightDecay()));
        }
        slotsByStep.forEach((step, group) -> optimizers.adamW(
                group, new AdamWStep(step, constants.beta1(), constants.beta2(), constants.eps(), scale)));
    }
}
