package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.s2d.device.Checks;
import org.s2d.device.OptimizerChecks;
import org.s2d.tensor.Tensor;

/** Exponential moving averages of several tensors. */
final class MovingAverageKernel {
    private MovingAverageKernel() {}

    // Scalar reference

    static void reference(List<Tensor> averages, List<Tensor> values, double decay) {
        OptimizerChecks.movingAverage(averages, values);
        for (int i = 0; i < averages.size(); i++) {
            Cells average = new Cells(averages.get(i));
            Cells value = new Cells(values.get(i));
            for (long at = 0; at < averages.get(i).numel(); at++) {
                average.set(at, decay * average.get(at) + (1 - decay) * value.get(at));
            }
        }
    }

    // Vector version

    static void parallel(List<Tensor> averages, List<Tensor> values, double decay, Workers workers) {
        OptimizerChecks.movingAverage(averages, values);
        averages.forEach(average -> Checks.onlyF32("movingAverage", average));
        values.forEach(value -> Checks.onlyF32("movingAverage", value));
        Concatenation ranges = new Concatenation(averages);
        workers.parallelFor(
                ranges.count(),
                ElementLoop.GRAIN,
                (worker, from, to) -> ranges.forEach(
                        from,
                        to,
                        (index, first, n) -> update(
                                averages.get(index).data(), values.get(index).data(), first, n, (float) decay, (float)
                                        (1 - decay))));
    }

    private static void update(
            MemorySegment averages, MemorySegment values, long first, long n, float keep, float take) {
        long end = 4 * (first + n);
        for (long at = 4 * first; at < end; at += 4L * Lanes.WIDTH) {
            VectorMask<Float> mask = Lanes.first((int) Math.min(Lanes.WIDTH, (end - at) / 4));
            FloatVector average = Lanes.load(averages, at, mask).mul(keep);
            FloatVector value = Lanes.load(values, at, mask);
            Lanes.store(value.fma(FloatVector.broadcast(Lanes.F, take), average), averages, at, mask);
        }
    }
}
