package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Checks;
import org.s2d.device.NormalizationChecks;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.Tensor;

/** Layer normalisation over the last dimension: {@code (x - mean) / sqrt(var + eps) * weight + bias}, biased variance. */
final class LayerNormKernel {
    private LayerNormKernel() {}

    // Scalar reference

    static void reference(
            Tensor out,
            @Nullable Tensor mean,
            @Nullable Tensor rstd,
            Tensor in,
            Tensor weight,
            Tensor bias,
            double eps) {
        NormalizationChecks.layerNorm(out, mean, rstd, in, weight, bias);
        int width = in.dim(-1);
        double[] row = new double[width];
        double[] scale = values(weight);
        double[] shift = values(bias);
        Cells to = new Cells(out);
        Cells from = new Cells(in);
        Cells means = mean == null ? null : new Cells(mean);
        Cells rstds = rstd == null ? null : new Cells(rstd);
        int[] number = new int[1];
        StridedLoop.rows(in.shape(), out, in).forEach(at -> {
            from.read(at[1], 1, row);
            double average = sum(row) / width;
            double squares = 0;
            for (double value : row) {
                squares += (value - average) * (value - average);
            }
            double factor = 1 / Math.sqrt(squares / width + eps);
            for (int i = 0; i < width; i++) {
                to.set(at[0] + i, (row[i] - average) * factor * scale[i] + shift[i]);
            }
            if (means != null) {
                means.set(number[0], average);
            }
            if (rstds != null) {
                rstds.set(number[0], factor);
            }
            number[0]++;
        });
    }

    /** With n = (x - mean) rstd and h = gradOut weight: {@code gradIn = rstd (h - mean(h) - n mean(h n))}. */
    static void referenceBackward(
            @Nullable Tensor gradIn,
            @Nullable Tensor gradWeight,
            @Nullable Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor rstd,
            Tensor weight) {
        NormalizationChecks.layerNormBackward(gradIn, gradWeight, gradBias, gradOut, in, mean, rstd, weight, null);
        int width = in.dim(-1);
        double[] scale = values(weight);
        double[] normal = new double[width];
        double[] grad = new double[width];
        double[] sumWeight = new double[width];
        double[] sumBias = new double[width];
        Cells to = gradIn == null ? null : new Cells(gradIn);
        Cells grads = new Cells(gradOut);
        Cells from = new Cells(in);
        Cells means = new Cells(mean);
        Cells rstds = new Cells(rstd);
        int[] number = new int[1];
        StridedLoop.rows(in.shape(), gradOut, in, gradIn == null ? in : gradIn).forEach(at -> {
            double average = means.get(number[0]);
            double factor = rstds.get(number[0]++);
            double meanH = 0;
            double meanHn = 0;
            for (int i = 0; i < width; i++) {
                grad[i] = grads.get(at[0] + i);
                normal[i] = (from.get(at[1] + i) - average) * factor;
                sumWeight[i] += grad[i] * normal[i];
                sumBias[i] += grad[i];
                meanH += grad[i] * scale[i] / width;
                meanHn += grad[i] * scale[i] * normal[i] / width;
            }
            for (int i = 0; to != null && i < width; i++) {
                to.set(at[2] + i, factor * (grad[i] * scale[i] - meanH - normal[i] * meanHn));
            }
        });
        write(gradWeight, sumWeight);
        write(gradBias, sumBias);
    }

    private static double[] values(Tensor tensor) {
        double[] values = new double[tensor.dim(0)];
        new Cells(tensor).read(0, 1, values);
        return values;
    }

    private static void write(@Nullable Tensor tensor, double[] values) {
        if (tensor != null) {
            new Cells(tensor).write(0, 1, values);
        }
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }

    // Vector version

    /** Rows worth a worker's waking. */
    private static long grain(int width) {
        return Math.max(1, ElementLoop.GRAIN / Math.max(1, width));
    }

    static void forward(
            Tensor out,
            @Nullable Tensor mean,
            @Nullable Tensor rstd,
            Tensor in,
            Tensor weight,
            Tensor bias,
            double eps,
            Workers workers,
            Scratch scratch) {
        NormalizationChecks.layerNorm(out, mean, rstd, in, weight, bias);
        Checks.singlePrecision("layerNorm", out, in, weight, bias);
        int width = in.dim(-1);
        Cells means = mean == null ? null : new Cells(mean);
        Cells rstds = rstd == null ? null : new Cells(rstd);
        StridedLoop loop = StridedLoop.rows(in.shape(), out, in);
        workers.parallelFor(loop.count(), grain(width), (worker, from, to) -> {
            Rows result = new Rows(out, 1, scratch, worker, 0, width);
            Rows row = new Rows(in, 1, scratch, worker, 1, width);
            Rows scale = new Rows(weight, 1, scratch, worker, 2, width);
            Rows shift = new Rows(bias, 1, scratch, worker, 3, width);
            double[] sums = new double[2];
            scale.read(0, width);
            shift.read(0, width);
            loop.forRuns(from, to, (at, first, count) -> {
                for (long i = 0; i < count; i++) {
                    row.read(at[1] + i * loop.runStride(1), width);
                    result.locate(at[0] + i * loop.runStride(0));
                    float average = (float) (sum(row.segment, row.at, width) / width);
                    deviations(sums, row.segment, row.at, width, average);
                    double rest = sums[0] / width;
                    double squares = sums[1] / width;
                    double factor = 1 / Math.sqrt(Math.max(squares - rest * rest, 0) + eps);
                    normalise(result, row, scale, shift, average, (float) rest, (float) factor, width);
                    result.write(width);
                    if (means != null) {
                        means.set(first + i, average + rest);
                    }
                    if (rstds != null) {
                        rstds.set(first + i, factor);
                    }
                }
            });
        });
    }

    private static double sum(MemorySegment x, long at, int n) {
        FloatVector first = FloatVector.zero(Lanes.F);
        FloatVector second = FloatVector.zero(Lanes.F);
        int i = 0;
        for (; i <= n - 2 * Lanes.WIDTH; i += 2 * Lanes.WIDTH) {
            first = first.add(Lanes.load(x, at + 4L * i));
            second = second.add(Lanes.load(x, at + 4L * (i + Lanes.WIDTH)));
        }
        for (; i < n; i += Lanes.WIDTH) {
            first = first.add(Lanes.load(x, at + 4L * i, Lanes.first(n - i)));
        }
        return Lanes.sum(first) + Lanes.sum(second);
    }

    /** Sums of {@code x - average}, which rounding of the average leaves different from zero, and of its square. */
    private static void deviations(double[] sums, MemorySegment x, long at, int n, float average) {
        FloatVector plain = FloatVector.zero(Lanes.F);
        FloatVector squares = FloatVector.zero(Lanes.F);
        int i = 0;
        for (; i <= n - Lanes.WIDTH; i += Lanes.WIDTH) {
            FloatVector a = Lanes.load(x, at + 4L * i).sub(average);
            plain = plain.add(a);
            squares = a.fma(a, squares);
        }
        if (i < n) {
            VectorMask<Float> mask = Lanes.first(n - i);
            FloatVector a = Lanes.load(x, at + 4L * i, mask).sub(average);
            plain = plain.add(a, mask);
            squares = squares.add(a.mul(a), mask);
        }
        sums[0] = Lanes.sum(plain);
        sums[1] = Lanes.sum(squares);
    }

    private static void normalise(
            Rows out, Rows row, Rows scale, Rows shift, float average, float rest, float factor, int n) {
        normalise(
                out.segment,
                out.at,
                row.segment,
                row.at,
                scale.segment,
                scale.at,
                shift.segment,
                shift.at,
                average,
                rest,
                factor,
                n);
    }

    private static void normalise(
            MemorySegment out,
            long outAt,
            MemorySegment x,
            long at,
            MemorySegment scale,
            long scaleAt,
            MemorySegment shift,
            long shiftAt,
            float average,
            float rest,
            float factor,
            int n) {
        int i = 0;
        for (; i <= n - Lanes.WIDTH; i += Lanes.WIDTH) {
            FloatVector normal =
                    Lanes.load(x, at + 4L * i).sub(average).sub(rest).mul(factor);
            FloatVector y = normal.fma(Lanes.load(scale, scaleAt + 4L * i), Lanes.load(shift, shiftAt + 4L * i));
            Lanes.store(y, out, outAt + 4L * i);
        }
        if (i < n) {
            VectorMask<Float> mask = Lanes.first(n - i);
            FloatVector normal =
                    Lanes.load(x, at + 4L * i, mask).sub(average).sub(rest).mul(factor);
            FloatVector y =
                    normal.fma(Lanes.load(scale, scaleAt + 4L * i, mask), Lanes.load(shift, shiftAt + 4L * i, mask));
            Lanes.store(y, out, outAt + 4L * i, mask);
        }
    }
}
