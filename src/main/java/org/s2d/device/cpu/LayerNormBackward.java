package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Checks;
import org.s2d.device.NormalizationChecks;
import org.s2d.device.StridedLoop;
import org.s2d.tensor.Tensor;

/**
 * Vector version of {@link LayerNormReference#backward}. Each worker sums the weight and bias gradients of its rows in
 * double; the sums are added in the order of the workers, so equal team sizes give equal bits.
 */
final class LayerNormBackward {
    private final int width;
    private final @Nullable Tensor gradIn;
    private final Tensor gradOut;
    private final Tensor in;
    private final Tensor weight;
    private final Cells means;
    private final Cells rstds;
    private final Scratch scratch;
    private final boolean parameters;

    private LayerNormBackward(
            @Nullable Tensor gradIn,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor rstd,
            Tensor weight,
            boolean parameters,
            Scratch scratch) {
        width = in.dim(-1);
        this.gradIn = gradIn;
        this.gradOut = gradOut;
        this.in = in;
        this.weight = weight;
        means = new Cells(mean);
        rstds = new Cells(rstd);
        this.parameters = parameters;
        this.scratch = scratch;
    }

    static void run(
            @Nullable Tensor gradIn,
            @Nullable Tensor gradWeight,
            @Nullable Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor mean,
            Tensor rstd,
            Tensor weight,
            Workers workers,
            Scratch scratch) {
        NormalizationChecks.layerNormBackward(gradIn, gradWeight, gradBias, gradOut, in, mean, rstd, weight, null);
        Checks.singlePrecision("layerNormBackward", gradOut, in, weight);
        boolean parameters = gradWeight != null || gradBias != null;
        LayerNormBackward kernel = new LayerNormBackward(gradIn, gradOut, in, mean, rstd, weight, parameters, scratch);
        StridedLoop loop = StridedLoop.rows(in.shape(), gradOut, in, gradIn == null ? in : gradIn);
        long grain = Math.max(1, ElementLoop.GRAIN / Math.max(1, kernel.width));
        MemorySegment[] sums = new MemorySegment[workers.count()];
        workers.parallelFor(loop.count(), grain, (worker, from, to) -> {
            MemorySegment own = scratch.get(worker, 4, 16L * kernel.width);
            own.fill((byte) 0);
            sums[worker] = own;
            kernel.rows(loop, worker, from, to, own);
        });
        write(gradWeight, sums, 0, kernel.width);
        write(gradBias, sums, kernel.width, kernel.width);
    }

    private static void write(@Nullable Tensor out, @Nullable MemorySegment[] sums, int start, int width) {
        if (out == null) {
            return;
        }
        Cells cells = new Cells(out);
        for (int i = 0; i < width; i++) {
            double sum = 0;
            for (MemorySegment own : sums) {
                if (own != null) {
                    sum += own.getAtIndex(ValueLayout.JAVA_DOUBLE, start + i);
                }
            }
            cells.set(i, sum);
        }
    }

    private void rows(StridedLoop loop, int worker, long from, long to, MemorySegment sums) {
        Rows grad = new Rows(gradOut, 1, scratch, worker, 0, width);
        Rows row = new Rows(in, 1, scratch, worker, 1, width);
        Rows scale = new Rows(weight, 1, scratch, worker, 2, width);
        Rows result = gradIn == null ? null : new Rows(gradIn, 1, scratch, worker, 3, width);
        MemorySegment products = scratch.get(worker, 5, 4L * width);
        double[] dots = new double[2];
        scale.read(0, width);
        loop.forRuns(from, to, (at, first, count) -> {
            for (long i = 0; i < count; i++) {
                grad.read(at[0] + i * loop.runStride(0), width);
                row.read(at[1] + i * loop.runStride(1), width);
                float mean = (float) means.get(first + i);
                float rstd = (float) rstds.get(first + i);
                if (result != null) {
                    result.locate(at[2] + i * loop.runStride(2));
                    dots(dots, grad.segment, grad.at, row.segment, row.at, scale.segment, scale.at, mean, rstd, width);
                    float shift = (float) (dots[0] / width);
                    float slope = (float) (dots[1] / width);
                    input(result, grad, row, scale, mean, rstd, shift, slope, width);
                    result.write(width);
                }
                if (parameters) {
                    product(products, grad.segment, grad.at, row.segment, row.at, mean, rstd, width);
                    SumKernel.add(sums, 0, 1, products, 0, width);
                    SumKernel.add(sums, width, 1, grad.segment, grad.at, width);
                }
            }
        });
    }

    /** Sums of {@code h = grad * scale} and of {@code h * normal}. */
    private static void dots(
            double[] dots,
            MemorySegment grad,
            long gradAt,
            MemorySegment x,
            long at,
            MemorySegment scale,
            long scaleAt,
            float mean,
            float rstd,
            int n) {
        FloatVector sum = FloatVector.zero(Lanes.F);
        FloatVector product = FloatVector.zero(Lanes.F);
        int i = 0;
        for (; i <= n - Lanes.WIDTH; i += Lanes.WIDTH) {
            FloatVector h = Lanes.load(grad, gradAt + 4L * i).mul(Lanes.load(scale, scaleAt + 4L * i));
            FloatVector normal = Lanes.load(x, at + 4L * i).sub(mean).mul(rstd);
            sum = sum.add(h);
            product = h.fma(normal, product);
        }
        if (i < n) {
            VectorMask<Float> mask = Lanes.first(n - i);
            FloatVector h = Lanes.load(grad, gradAt + 4L * i, mask).mul(Lanes.load(scale, scaleAt + 4L * i, mask));
            FloatVector normal = Lanes.load(x, at + 4L * i, mask).sub(mean).mul(rstd);
            sum = sum.add(h, mask);
            product = product.add(h.mul(normal), mask);
        }
        dots[0] = Lanes.sum(sum);
        dots[1] = Lanes.sum(product);
    }

    private static void input(
            Rows out, Rows grad, Rows row, Rows scale, float mean, float rstd, float shift, float slope, int n) {
        input(
                out.segment,
                out.at,
                grad.segment,
                grad.at,
                row.segment,
                row.at,
                scale.segment,
                scale.at,
                mean,
                rstd,
                shift,
                slope,
                n);
    }

    private static void input(
            MemorySegment out,
            long outAt,
            MemorySegment grad,
            long gradAt,
            MemorySegment x,
            long at,
            MemorySegment scale,
            long scaleAt,
            float mean,
            float rstd,
            float shift,
            float slope,
            int n) {
        FloatVector minusSlope = FloatVector.broadcast(Lanes.F, -slope);
        int i = 0;
        for (; i <= n - Lanes.WIDTH; i += Lanes.WIDTH) {
            FloatVector h = Lanes.load(grad, gradAt + 4L * i).mul(Lanes.load(scale, scaleAt + 4L * i));
            FloatVector normal = Lanes.load(x, at + 4L * i).sub(mean).mul(rstd);
            Lanes.store(normal.fma(minusSlope, h.sub(shift)).mul(rstd), out, outAt + 4L * i);
        }
        if (i < n) {
            VectorMask<Float> mask = Lanes.first(n - i);
            FloatVector h = Lanes.load(grad, gradAt + 4L * i, mask).mul(Lanes.load(scale, scaleAt + 4L * i, mask));
            FloatVector normal = Lanes.load(x, at + 4L * i, mask).sub(mean).mul(rstd);
            Lanes.store(normal.fma(minusSlope, h.sub(shift)).mul(rstd), out, outAt + 4L * i, mask);
        }
    }

    /** {@code out = grad * normal}. */
    private static void product(
            MemorySegment out,
            MemorySegment grad,
            long gradAt,
            MemorySegment x,
            long at,
            float mean,
            float rstd,
            int n) {
        int i = 0;
        for (; i <= n - Lanes.WIDTH; i += Lanes.WIDTH) {
            FloatVector g = Lanes.load(grad, gradAt + 4L * i);
            Lanes.store(Lanes.load(x, at + 4L * i).sub(mean).mul(rstd).mul(g), out, 4L * i);
        }
        if (i < n) {
            VectorMask<Float> mask = Lanes.first(n - i);
            FloatVector g = Lanes.load(grad, gradAt + 4L * i, mask);
            Lanes.store(Lanes.load(x, at + 4L * i, mask).sub(mean).mul(rstd).mul(g), out, 4L * i, mask);
        }
    }
}
