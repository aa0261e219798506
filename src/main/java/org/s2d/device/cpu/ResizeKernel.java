package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorSpecies;
import org.s2d.device.ResizeAxis;
import org.s2d.tensor.Tensor;

/** Interpolation in both axes: rows are blended first (vectors), then columns are gathered from the blended row. */
final class ResizeKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final ResizeAxis vertical;
    private final ResizeAxis horizontal;
    private final float[] horizontalWeights;
    private final int inHeight;
    private final int inWidth;

    private ResizeKernel(ResizeAxis[] axes, int inHeight, int inWidth) {
        vertical = axes[0];
        horizontal = axes[1];
        horizontalWeights = new float[horizontal.weights().length];
        for (int i = 0; i < horizontalWeights.length; i++) {
            horizontalWeights[i] = (float) horizontal.weights()[i];
        }
        this.inHeight = inHeight;
        this.inWidth = inWidth;
    }

    // The specification

    static void reference(Tensor out, Tensor in, ResizeAxis[] axes) {
        double[] x = in.toDoubles();
        double[] y = new double[Math.toIntExact(out.numel())];
        forEachProduct(out, in, axes, (to, from, weight) -> y[to] += weight * x[from]);
        for (int i = 0; i < y.length; i++) {
            out.setDouble(i, y[i]);
        }
    }

    static void referenceBackward(Tensor gradIn, Tensor gradOut, ResizeAxis[] axes) {
        double[] grad = gradOut.toDoubles();
        double[] sums = new double[Math.toIntExact(gradIn.numel())];
        forEachProduct(gradOut, gradIn, axes, (to, from, weight) -> sums[from] += weight * grad[to]);
        for (int i = 0; i < sums.length; i++) {
            gradIn.setDouble(i, sums[i]);
        }
    }

    @FunctionalInterface
    private interface Product {
        void at(int out, int in, double weight);
    }

    private static void forEachProduct(Tensor out, Tensor in, ResizeAxis[] axes, Product product) {
        ResizeAxis rows = axes[0];
        ResizeAxis columns = axes[1];
        for (int to = 0; to < out.numel(); to++) {
            int x = to % columns.size();
            int y = to / columns.size() % rows.size();
            int plane = to / columns.size() / rows.size() * in.dim(2) * in.dim(3);
            for (int ty = y; ty < rows.positions().length; ty += rows.size()) {
                for (int tx = x; tx < columns.positions().length; tx += columns.size()) {
                    int from = plane + rows.positions()[ty] * in.dim(3) + columns.positions()[tx];
                    product.at(to, from, rows.weights()[ty] * columns.weights()[tx]);
                }
            }
        }
    }

    // F32, work shared by plane

    static void forward(Workers workers, WorkerScratch scratch, Tensor out, Tensor in, ResizeAxis[] axes) {
        ResizeKernel kernel = new ResizeKernel(axes, in.dim(2), in.dim(3));
        MemorySegment x = in.data();
        MemorySegment y = out.data();
        workers.parallelFor((long) in.dim(0) * in.dim(1), 1, (worker, from, to) -> {
            float[] row = scratch.floats(worker, kernel.inWidth + kernel.horizontal.size());
            for (long plane = from; plane < to; plane++) {
                kernel.plane(row, y, x, plane);
            }
        });
    }

    private void plane(float[] row, MemorySegment out, MemorySegment in, long plane) {
        for (int y = 0; y < vertical.size(); y++) {
            for (int tap = 0; tap < vertical.taps(); tap++) {
                int at = tap * vertical.size() + y;
                long from = (plane * inHeight + vertical.positions()[at]) * inWidth;
                blend(row, in, from, (float) vertical.weights()[at], tap > 0);
            }
            gather(row);
            long to = (plane * vertical.size() + y) * horizontal.size() * Float.BYTES;
            MemorySegment.copy(row, inWidth, out, ValueLayout.JAVA_FLOAT, to, horizontal.size());
        }
    }

    /** {@code row[x] = weight * in[from + x]}, added when {@code add}. */
    private void blend(float[] row, MemorySegment in, long from, float weight, boolean add) {
        FloatVector weights = FloatVector.broadcast(SPECIES, weight);
        for (int x = 0; x < inWidth; x += SPECIES.length()) {
            VectorMask<Float> mask = SPECIES.indexInRange(x, inWidth);
            FloatVector value = FloatVector.fromMemorySegment(SPECIES, in, (from + x) * Float.BYTES, ORDER, mask);
            FloatVector sum =
                    add ? value.fma(weights, FloatVector.fromArray(SPECIES, row, x, mask)) : value.mul(weights);
            sum.intoArray(row, x, mask);
        }
    }

    /** Blends columns of the row's first part into its second. */
    private void gather(float[] row) {
        int size = horizontal.size();
        int[] positions = horizontal.positions();
        for (int x = 0; x < size; x++) {
            float sum = 0;
            for (int at = x; at < positions.length; at += size) {
                sum = Math.fma(horizontalWeights[at], row[positions[at]], sum);
            }
            row[inWidth + x] = sum;
        }
    }

    static void backward(Workers workers, WorkerScratch scratch, Tensor gradIn, Tensor gradOut, ResizeAxis[] axes) {
        ResizeKernel kernel = new ResizeKernel(axes, gradIn.dim(2), gradIn.dim(3));
        MemorySegment dx = gradIn.data();
        MemorySegment dy = gradOut.data();
        int size = kernel.inHeight * kernel.inWidth;
        workers.parallelFor((long) gradIn.dim(0) * gradIn.dim(1), 1, (worker, from, to) -> {
            float[] sums = scratch.floats(worker, size);
            for (long plane = from; plane < to; plane++) {
                Arrays.fill(sums, 0, size, 0);
                kernel.spread(sums, dy, plane);
                MemorySegment.copy(sums, 0, dx, ValueLayout.JAVA_FLOAT, plane * size * Float.BYTES, size);
            }
        });
    }

    private void spread(float[] sums, MemorySegment gradOut, long plane) {
        for (int y = 0; y < vertical.size(); y++) {
            for (int x = 0; x < horizontal.size(); x++) {
                long from = (plane * vertical.size() + y) * horizontal.size() + x;
                float grad = gradOut.getAtIndex(ValueLayout.JAVA_FLOAT, from);
                for (int ty = y; ty < vertical.positions().length; ty += vertical.size()) {
                    int row = vertical.positions()[ty] * inWidth;
                    float part = (float) vertical.weights()[ty] * grad;
                    for (int tx = x; tx < horizontal.positions().length; tx += horizontal.size()) {
                        int to = row + horizontal.positions()[tx];
                        sums[to] = Math.fma(horizontalWeights[tx], part, sums[to]);
                    }
                }
            }
        }
    }
}
