package org.s2d.device.cpu;

import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Checks;
import org.s2d.device.TokenChecks;
import org.s2d.device.TokenKernels;
import org.s2d.device.TokenKernels.Gather;
import org.s2d.tensor.Tensor;

/** Weighted sums of rows given by their numbers, and products of rows with such rows. */
final class GatherKernel {
    /** Rows of a worker's turn hold at least so many elements. */
    private static final int GRAIN = 4096;

    private GatherKernel() {}

    static void reference(Tensor out, Gather gather) {
        TokenChecks.gather(out, gather);
        int width = out.dim(1);
        int k = gather.index().dim(1);
        Cells to = new Cells(out);
        for (int r = 0; r < out.dim(0); r++) {
            for (int i = 0; i < width; i++) {
                double sum = baseAt(gather.base(), r, i);
                for (int j = 0; j < k; j++) {
                    long row = gather.index().getLong((long) r * k + j);
                    double weight = gather.weights() == null ? 1 : new Cells(gather.weights()).get((long) r * k + j);
                    sum += weight * valueAt(gather, row, i);
                }
                to.set((long) r * width + i, sum);
            }
        }
    }

    private static double baseAt(@Nullable Tensor base, int row, int column) {
        return base == null ? 0 : new Cells(base).get((long) (row % base.dim(0)) * base.dim(1) + column);
    }

    private static double valueAt(Gather gather, long row, int column) {
        if (row != TokenKernels.NONE) {
            return new Cells(gather.in()).get(row * gather.in().dim(1) + column);
        }
        return gather.absent() == null ? 0 : new Cells(gather.absent()).get(column);
    }

    static void referenceDot(Tensor out, Tensor rows, Tensor in, Tensor index) {
        TokenChecks.gatherDot(out, rows, in, index);
        int k = index.dim(1);
        Cells to = new Cells(out);
        double[] one = new double[rows.dim(1)];
        double[] other = new double[rows.dim(1)];
        for (long at = 0; at < index.numel(); at++) {
            long row = index.getLong(at);
            double sum = 0;
            if (row != TokenKernels.NONE) {
                new Cells(rows).read(at / k * one.length, 1, one);
                new Cells(in).read(row * one.length, 1, other);
                for (int i = 0; i < one.length; i++) {
                    sum += one[i] * other[i];
                }
            }
            to.set(at, sum);
        }
    }

    static void gather(Tensor out, Gather gather, Workers workers, Scratch scratch) {
        TokenChecks.gather(out, gather);
        Checks.singlePrecision("gather", out, gather.in());
        int width = out.dim(1);
        int k = gather.index().dim(1);
        Tensor base = gather.base();
        Tensor absent = gather.absent();
        Cells weights = gather.weights() == null ? null : new Cells(gather.weights());
        workers.parallelFor(out.dim(0), grain(width), (worker, begin, end) -> {
            Rows to = new Rows(out, 1, scratch, worker, 0, width);
            Rows from = new Rows(gather.in(), 1, scratch, worker, 1, width);
            Rows under = base == null ? null : new Rows(base, 1, scratch, worker, 2, width);
            Rows missing = absent == null ? null : new Rows(absent, 1, scratch, worker, 3, width);
            for (long r = begin; r < end; r++) {
                to.locate(r * width);
                to.segment.asSlice(to.at, 4L * width).fill((byte) 0);
                if (under != null && base != null) {
                    under.read(r % base.dim(0) * width, width);
                    addScaled(to, under, 1, width);
                }
                for (long at = r * k; at < (r + 1) * k; at++) {
                    long row = gather.index().getLong(at);
                    Rows source = row == TokenKernels.NONE ? missing : from;
                    if (source != null) {
                        source.read(row == TokenKernels.NONE ? 0 : row * width, width);
                        addScaled(to, source, weights == null ? 1 : (float) weights.get(at), width);
                    }
                }
                to.write(width);
            }
        });
    }

    private static void addScaled(Rows to, Rows from, float factor, int width) {
        FloatVector scale = FloatVector.broadcast(Lanes.F, factor);
        int i = 0;
        for (; i <= width - Lanes.WIDTH; i += Lanes.WIDTH) {
            FloatVector sum =
                    Lanes.load(from.segment, from.at + 4L * i).fma(scale, Lanes.load(to.segment, to.at + 4L * i));
            Lanes.store(sum, to.segment, to.at + 4L * i);
        }
        for (; i < width; i++) {
            float value = from.segment.get(ValueLayout.JAVA_FLOAT, from.at + 4L * i);
            float sum = to.segment.get(ValueLayout.JAVA_FLOAT, to.at + 4L * i);
            to.segment.set(ValueLayout.JAVA_FLOAT, to.at + 4L * i, Math.fma(value, factor, sum));
        }
    }

    static void dot(Tensor out, Tensor rows, Tensor in, Tensor index, Workers workers, Scratch scratch) {
        TokenChecks.gatherDot(out, rows, in, index);
        Checks.singlePrecision("gatherDot", out, rows, in);
        int width = rows.dim(1);
        int k = index.dim(1);
        Cells to = new Cells(out);
        workers.parallelFor(rows.dim(0), grain(width), (worker, begin, end) -> {
            Rows one = new Rows(rows, 1, scratch, worker, 0, width);
            Rows other = new Rows(in, 1, scratch, worker, 1, width);
            for (long at = begin * k; at < end * k; at++) {
                long row = index.getLong(at);
                if (row == TokenKernels.NONE) {
                    to.set(at, 0);
                } else {
                    one.read(at / k * width, width);
                    other.read(row * width, width);
                    to.set(at, dot(one, other, width));
                }
            }
        });
    }

    private static double dot(Rows one, Rows other, int width) {
        FloatVector sums = FloatVector.zero(Lanes.F);
        int i = 0;
        for (; i <= width - Lanes.WIDTH; i += Lanes.WIDTH) {
            sums = Lanes.load(one.segment, one.at + 4L * i).fma(Lanes.load(other.segment, other.at + 4L * i), sums);
        }
        double sum = Lanes.sum(sums);
        for (; i < width; i++) {
            sum += (double) one.segment.get(ValueLayout.JAVA_FLOAT, one.at + 4L * i)
                    * other.segment.get(ValueLayout.JAVA_FLOAT, other.at + 4L * i);
        }
        return sum;
    }

    private static long grain(int width) {
        return Math.max(1, GRAIN / Math.max(1, width));
    }
}
