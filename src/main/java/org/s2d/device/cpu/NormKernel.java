package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.s2d.device.Checks;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.Tensor;

/** 2-norm over all elements of several tensors. */
final class NormKernel {
    private static final int CHUNK = 4096;

    private NormKernel() {}

    // Scalar reference

    static double reference(List<Tensor> tensors) {
        double[] sum = new double[1];
        for (Tensor tensor : tensors) {
            Checks.floating("norm", tensor);
            Cells cells = new Cells(tensor);
            StridedLoop.over(tensor.shape(), tensor).forEach(at -> sum[0] += cells.get(at[0]) * cells.get(at[0]));
        }
        return Math.sqrt(sum[0]);
    }

    // Vector version: squares and sums in double, which overflows nowhere in F32.

    static double parallel(List<Tensor> tensors, Workers workers, Scratch scratch) {
        Tensor[] all = tensors.toArray(Tensor[]::new);
        Checks.singlePrecision("norm", all);
        Checks.contiguous("norm", all);
        Concatenation ranges = new Concatenation(tensors);
        double[] sums = new double[workers.count()];
        workers.parallelFor(
                ranges.count(),
                ElementLoop.GRAIN,
                (worker, from, to) -> ranges.forEach(from, to, (index, first, length) -> {
                    Rows row = new Rows(all[index], 1, scratch, worker, 0, CHUNK);
                    for (long done = 0; done < length; done += CHUNK) {
                        int n = (int) Math.min(CHUNK, length - done);
                        row.read(first + done, n);
                        sums[worker] += squares(row.segment, row.at, n);
                    }
                }));
        double sum = 0;
        for (double part : sums) {
            sum += part;
        }
        return Math.sqrt(sum);
    }

    private static double squares(MemorySegment in, long at, int n) {
        DoubleVector low = DoubleVector.zero(Lanes.D);
        DoubleVector high = DoubleVector.zero(Lanes.D);
        int i = 0;
        for (; i <= n - Lanes.WIDTH; i += Lanes.WIDTH) {
            FloatVector x = Lanes.load(in, at + 4L * i);
            DoubleVector a = Lanes.low(x);
            DoubleVector b = Lanes.high(x);
            low = a.fma(a, low);
            high = b.fma(b, high);
        }
        double sum = low.add(high).reduceLanes(VectorOperators.ADD);
        for (; i < n; i++) {
            double value = in.get(ValueLayout.JAVA_FLOAT, at + 4L * i);
            sum += value * value;
        }
        return sum;
    }
}
