package org.s2d.device.cuda;

import java.util.List;
import org.s2d.device.Checks;
import org.s2d.device.OptimizerChecks;
import org.s2d.device.Optimizers.AdamWStep;
import org.s2d.device.Optimizers.Slot;
import org.s2d.device.PreparedAdamW;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** AdamW whose table of tensors and rates stays on the device; new rates go there in the order of the stream. */
final class CudaAdamW implements PreparedAdamW {
    private final CudaContext context;
    private final Staging staging;
    private final OptimizerKernels kernels;
    private final List<Slot> slots;
    private final AdamWStep constants;
    private final TensorTable host;
    private final Tensor table;

    CudaAdamW(
            CudaContext context,
            Staging staging,
            OptimizerKernels kernels,
            Scope scope,
            List<Slot> slots,
            AdamWStep step) {
        this.context = context;
        this.staging = staging;
        this.kernels = kernels;
        this.slots = List.copyOf(slots);
        OptimizerChecks.adamW(slots);
        constants = step;
        host = new TensorTable(slots.size());
        for (Slot slot : slots) {
            Checks.onlyF32("adamW", slot.parameter(), slot.gradient(), slot.expAvg(), slot.expAvgSq());
            host.add(slot.gradient(), slot.parameter(), slot.expAvg(), slot.expAvgSq());
        }
        table = host.allocate(scope);
        rates(slots.stream()
                .map(slot -> new Rate(step.step(), slot.lr(), slot.weightDecay()))
                .toList());
    }

    @Override
    public void rates(List<Rate> rates) {
        OptimizerChecks.rates(rates, slots);
        for (int i = 0; i < rates.size(); i++) {
            Rate rate = rates.get(i);
            double correction1 = 1 - Math.pow(constants.beta1(), (double) rate.step());
            double correction2 = Math.sqrt(1 - Math.pow(constants.beta2(), (double) rate.step()));
            host.setFactors(i, 1 - rate.lr() * rate.weightDecay(), rate.lr() / correction1, 1 / correction2);
        }
        host.upload(table, staging);
    }

    @Override
    public void judge(Tensor report, Tensor watched, double maxNorm, double unscale) {
        OptimizerChecks.judge(report, watched, DType.F32);
        try (Scope scope = context.scope()) {
            kernels.judge(report, kernels.squares(scope, host, table), watched, maxNorm, unscale);
        }
    }

    @Override
    public void update(Tensor factor) {
        OptimizerChecks.factor("adamW", factor);
        kernels.adamW(host, table, constants, factor);
    }
}
