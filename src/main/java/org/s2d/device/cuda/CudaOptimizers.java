package org.s2d.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.s2d.device.Checks;
import org.s2d.device.OptimizerChecks;
import org.s2d.device.Optimizers;
import org.s2d.device.PreparedAdamW;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Optimiser kernels: one launch for all tensors. Tables of tensors that are not prepared are uploaded by every call. */
final class CudaOptimizers implements Optimizers {
    private final CudaContext context;
    private final Staging staging;
    private final OptimizerKernels kernels;

    CudaOptimizers(CudaContext context, Staging staging) {
        this.context = context;
        this.staging = staging;
        kernels = new OptimizerKernels(context);
    }

    @Override
    public PreparedAdamW prepare(Scope scope, List<Slot> slots, AdamWStep step) {
        return new CudaAdamW(context, staging, kernels, scope, slots, step);
    }

    @Override
    public void adamW(List<Slot> slots, AdamWStep step) {
        try (Scope scope = context.scope()) {
            Tensor factor = scope.allocate(DType.F64, Shape.of(1));
            staging.upload(factor.address(), MemorySegment.ofArray(new double[] {step.gradientScale()}));
            prepare(scope, slots, step).update(factor);
        }
    }

    @Override
    public void movingAverage(List<Tensor> averages, List<Tensor> values, double decay) {
        OptimizerChecks.movingAverage(averages, values);
        TensorTable host = new TensorTable(averages.size());
        for (int i = 0; i < averages.size(); i++) {
            Checks.onlyF32("movingAverage", averages.get(i), values.get(i));
            host.add(averages.get(i), values.get(i));
        }
        try (Scope scope = context.scope()) {
            Tensor table = host.allocate(scope);
            host.upload(table, staging);
            kernels.average(host, table, decay);
        }
    }

    @Override
    public double norm(List<Tensor> gradients) {
        Tensor[] all = gradients.toArray(Tensor[]::new);
        Checks.singlePrecision("norm", all);
        Checks.contiguous("norm", all);
        TensorTable host = new TensorTable(all.length);
        gradients.forEach(host::add);
        try (Scope scope = context.scope();
                Arena arena = Arena.ofConfined()) {
            Tensor table = host.allocate(scope);
            host.upload(table, staging);
            Tensor out = scope.allocate(DType.F64, Shape.of(1));
            kernels.norm(out, kernels.squares(scope, host, table));
            MemorySegment number = arena.allocate(ValueLayout.JAVA_DOUBLE);
            context.driver().copyToHost(number, out.address(), context.stream());
            context.driver().synchronize(context.stream());
            return number.get(ValueLayout.JAVA_DOUBLE, 0);
        }
    }
}
