package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import org.s2d.device.Checks;
import org.s2d.device.OptimizerChecks;
import org.s2d.device.Optimizers.AdamWStep;
import org.s2d.device.Optimizers.Slot;

/** AdamW with decoupled weight decay, in PyTorch's order. */
final class AdamWKernel {
    private AdamWKernel() {}

    // Scalar reference

    static void reference(List<Slot> slots, AdamWStep step) {
        OptimizerChecks.adamW(slots);
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

    // Vector version

    static void parallel(List<Slot> slots, AdamWStep step, Workers workers) {
        OptimizerChecks.adamW(slots);
        for (Slot slot : slots) {
            Checks.onlyF32("adamW", slot.parameter(), slot.gradient(), slot.expAvg(), slot.expAvgSq());
        }
        double correction1 = 1 - Math.pow(step.beta1(), (double) step.step());
        double correction2 = Math.sqrt(1 - Math.pow(step.beta2(), (double) step.step()));
        Concatenation ranges =
                new Concatenation(slots.stream().map(Slot::parameter).toList());
        workers.parallelFor(
                ranges.count(),
                ElementLoop.GRAIN,
                (worker, from, to) -> ranges.forEach(from, to, (index, first, n) -> {
                    Slot slot = slots.get(index);
                    update(
                            slot.parameter().data(),
                            slot.gradient().data(),
                            slot.expAvg().data(),
                            slot.expAvgSq().data(),
                            first,
                            n,
                            new Factors(
                                    (float) step.gradientScale(),
                                    (float) step.beta1(),
                                    (float) (1 - step.beta1()),
                                    (float) step.beta2(),
                                    (float) (1 - step.beta2()),
                                    (float) (1 - slot.lr() * slot.weightDecay()),
                                    (float) (slot.lr() / correction1),
                                    (float) (1 / correction2),
                                    (float) step.eps()));
                }));
    }

    private record Factors(
            float scale,
            float beta1,
            float rest1,
            float beta2,
            float rest2,
            float decay,
            float rate,
            float correction,
            float eps) {}

    private static void update(
            MemorySegment parameter,
            MemorySegment gradient,
            MemorySegment expAvg,
            MemorySegment expAvgSq,
            long first,
            long n,
            Factors factors) {
        long end = 4 * (first + n);
        long width = 4L * Lanes.WIDTH;
        VectorMask<Float> all = Lanes.first(Lanes.WIDTH);
        long at = 4 * first;
        for (; at <= end - width; at += width) {
            update(parameter, gradient, expAvg, expAvgSq, at, factors, all);
        }
        if (at < end) {
            update(parameter, gradient, expAvg, expAvgSq, at, factors, Lanes.first((int) ((end - at) / 4)));
        }
    }

    private static void update(
            MemorySegment parameter,
            MemorySegment gradient,
            MemorySegment expAvg,
            MemorySegment expAvgSq,
            long at,
            Factors f,
            VectorMask<Float> mask) {
        FloatVector g = Lanes.load(gradient, at, mask).mul(f.scale);
        FloatVector m = Lanes.load(expAvg, at, mask).mul(f.beta1);
        m = g.fma(FloatVector.broadcast(Lanes.F, f.rest1), m);
        FloatVector v = Lanes.load(expAvgSq, at, mask).mul(f.beta2);
        v = g.mul(f.rest2).fma(g, v);
        FloatVector root = v.lanewise(VectorOperators.SQRT).mul(f.correction).add(f.eps);
        FloatVector p =
                Lanes.load(parameter, at, mask).mul(f.decay).sub(m.mul(f.rate).div(root));
        Lanes.store(m, expAvg, at, mask);
        Lanes.store(v, expAvgSq, at, mask);
        Lanes.store(p, parameter, at, mask);
    }
}
