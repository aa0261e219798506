package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions.Conv2dEpilogue;
import org.s2d.tensor.Tensor;

/**
 * Convolution as a matrix product, weight [O, K] x patches [K, positions]: the patches of a few dozen neighbouring positions
 * are copied side by side into a panel that stays in the first-level cache, and tiles of 4 channels x 4 vectors of
 * positions are summed in registers. Bias, activation and residual are applied before a tile is stored.
 */
final class Conv2dKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int PANEL = 4 * LANES;
    private static final int ROWS = 4;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final Conv2dShape shape;
    private final MemorySegment in;
    private final ChannelOutput out;
    private final int depth;
    /** A worker's memory: the panel [depth, PANEL], a tile of sums [ROWS, PANEL], the weight. */
    private final int tileAt;

    private final int weightsAt;

    private Conv2dKernel(Conv2dShape shape, MemorySegment in, ChannelOutput out) {
        this.shape = shape;
        this.in = in;
        this.out = out;
        depth = shape.depth();
        tileAt = depth * PANEL;
        weightsAt = tileAt + ROWS * PANEL;
    }

    /** The specification: plain sums in double. */
    static void reference(
            Tensor out, Tensor in, Tensor weight, @Nullable Tensor bias, Conv2dShape s, Conv2dEpilogue epilogue) {
        double[] x = in.toDoubles();
        double[] w = weight.toDoubles();
        double[] b = bias == null ? new double[s.outChannels()] : bias.toDoubles();
        double[] slope = epilogue.slope() == null ? null : epilogue.slope().toDoubles();
        double[] residual =
                epilogue.residual() == null ? null : epilogue.residual().toDoubles();
        int at = 0;
        for (int image = 0; image < s.batch(); image++) {
            for (int o = 0; o < s.outChannels(); o++) {
                for (int y = 0; y < s.outHeight(); y++) {
                    for (int column = 0; column < s.outWidth(); column++, at++) {
                        double sum = b[o] + dot(x, w, s, image, o, y, column);
                        double active = slope == null || sum >= 0 ? sum : slope[o] * sum;
                        double capped = active > epilogue.ceiling() ? epilogue.ceiling() : active;
                        out.setDouble(at, residual == null ? capped : capped + residual[at]);
                    }
                }
            }
        }
    }

    private static double dot(double[] x, double[] w, Conv2dShape s, int image, int o, int y, int column) {
        int firstChannel = o / s.groupOutChannels() * s.groupInChannels();
        double sum = 0;
        int tap = o * s.depth();
        for (int c = 0; c < s.groupInChannels(); c++) {
            int plane = (image * s.inChannels() + firstChannel + c) * s.inHeight() * s.inWidth();
            for (int ky = 0; ky < s.kernelHeight(); ky++) {
                int iy = y * s.options().strideH() - s.options().paddingH() + ky;
                for (int kx = 0; kx < s.kernelWidth(); kx++, tap++) {
                    int ix = column * s.options().strideW() - s.options().paddingW() + kx;
                    boolean inside = iy >= 0 && iy < s.inHeight() && ix >= 0 && ix < s.inWidth();
                    sum += w[tap] * (inside ? x[plane + iy * s.inWidth() + ix] : 0); // NaN weights show in padding, too
                }
            }
        }
        return sum;
    }

    /** All tensors F32 and contiguous; work is shared by image, group and panel. */
    static void forward(
            Workers workers,
            WorkerScratch scratch,
            Conv2dShape shape,
            MemorySegment in,
            MemorySegment weight,
            ChannelOutput out) {
        Conv2dKernel kernel = new Conv2dKernel(shape, in, out);
        int panels = Math.ceilDiv(shape.positions(), PANEL);
        int weights = shape.outChannels() * shape.depth();
        long units = (long) shape.batch() * shape.groups() * panels;
        workers.parallelFor(units, 1, (worker, from, to) -> {
            float[] memory = scratch.floats(worker, kernel.weightsAt + weights);
            MemorySegment.copy(weight, ValueLayout.JAVA_FLOAT, 0, memory, kernel.weightsAt, weights);
            for (long unit = from; unit < to; unit++) {
                int image = (int) (unit / panels / shape.groups());
                int group = (int) (unit / panels % shape.groups());
                kernel.panel(memory, image, group, (int) (unit % panels) * PANEL);
            }
        });
    }

    /** All output channels of a group at the positions {@code first} to {@code first + PANEL - 1} of an image. */
    private void panel(float[] memory, int image, int group, int first) {
        int valid = Math.min(PANEL, shape.positions() - first);
        int columns = valid <= LANES ? LANES : PANEL;
        long input = ((long) image * shape.inChannels() + (long) group * shape.groupInChannels())
                * shape.inHeight()
                * shape.inWidth();
        if (shape.isPointwise()) {
            packRows(memory, columns, input + first, valid);
        } else {
            packPatches(memory, columns, input, first, valid);
        }
        int end = (group + 1) * shape.groupOutChannels();
        for (int channel = group * shape.groupOutChannels(); channel < end; channel += ROWS) {
            int rows = Math.min(ROWS, end - channel);
            if (columns == LANES) {
                narrowTile(memory, channel, rows);
            } else {
                tile(memory, channel, rows);
            }
            for (int row = 0; row < rows; row++) {
                long at = ((long) image * shape.outChannels() + channel + row) * shape.positions() + first;
                out.storeRow(memory, tileAt + row * PANEL, valid, channel + row, at);
            }
        }
    }

    /** A 1x1 convolution's patches are rows of the input as it lies. */
    private void packRows(float[] memory, int columns, long input, int valid) {
        int plane = shape.inHeight() * shape.inWidth();
        for (int c = 0, row = 0; c < depth; c++, row += columns) {
            long from = (input + (long) c * plane) * Float.BYTES;
            for (int i = 0; i < columns; i += LANES) {
                if (i + LANES <= valid) {
                    FloatVector.fromMemorySegment(SPECIES, in, from + (long) i * Float.BYTES, ORDER)
                            .intoArray(memory, row + i);
                } else {
                    var mask = SPECIES.indexInRange(i, valid);
                    FloatVector.fromMemorySegment(SPECIES, in, from + (long) i * Float.BYTES, ORDER, mask)
                            .intoArray(memory, row + i);
                }
            }
        }
    }

    private void packPatches(float[] memory, int columns, long input, int first, int valid) {
        Arrays.fill(memory, 0, depth * columns, 0);
        int strideW = shape.options().strideW();
        for (int p = first, column = 0; column < valid; ) {
            int y = p / shape.outWidth();
            int x = p % shape.outWidth();
            int run = Math.min(shape.outWidth() - x, valid - column);
            int top = y * shape.options().strideH() - shape.options().paddingH();
            int left = x * strideW - shape.options().paddingW();
            int row = column;
            for (int c = 0; c < shape.groupInChannels(); c++) {
                long plane = input + (long) c * shape.inHeight() * shape.inWidth();
                for (int iy = top; iy < top + shape.kernelHeight(); iy++) {
                    for (int ix = left; ix < left + shape.kernelWidth(); ix++, row += columns) {
                        if (iy >= 0 && iy < shape.inHeight()) {
                            copyRun(memory, row, plane + (long) iy * shape.inWidth(), ix, run, strideW);
                        }
                    }
                }
            }
            p += run;
            column += run;
        }
    }

    /** Every {@code stride}-th input of a row from {@code x} on, leaving out what lies in the padding. */
    private void copyRun(float[] memory, int to, long row, int x, int count, int stride) {
        int from = x >= 0 ? 0 : Math.ceilDiv(-x, stride);
        int end = x >= shape.inWidth() ? 0 : Math.min(count, (shape.inWidth() - 1 - x) / stride + 1);
        for (int i = from; i < end; i++) {
            memory[to + i] = in.get(ValueLayout.JAVA_FLOAT, (row + x + (long) i * stride) * Float.BYTES);
        }
    }

    /** Where a channel's weights lie; rows past the last repeat it and are not stored. */
    private int weightRow(int channel, int row, int rows) {
        return weightsAt + (channel + Math.min(row, rows - 1)) * depth;
    }

    /** Sums of four channels at four vectors of positions. */
    private void tile(float[] memory, int channel, int rows) {
        FloatVector a0 = FloatVector.zero(SPECIES), a1 = a0, a2 = a0, a3 = a0;
        FloatVector b0 = a0, b1 = a0, b2 = a0, b3 = a0;
        FloatVector c0 = a0, c1 = a0, c2 = a0, c3 = a0;
        FloatVector d0 = a0, d1 = a0, d2 = a0, d3 = a0;
        int rowA = weightRow(channel, 0, rows);
        int rowB = weightRow(channel, 1, rows);
        int rowC = weightRow(channel, 2, rows);
        int rowD = weightRow(channel, 3, rows);
        for (int k = 0; k < depth; k++) {
            FloatVector x0 = FloatVector.fromArray(SPECIES, memory, k * PANEL);
            FloatVector x1 = FloatVector.fromArray(SPECIES, memory, k * PANEL + LANES);
            FloatVector x2 = FloatVector.fromArray(SPECIES, memory, k * PANEL + 2 * LANES);
            FloatVector x3 = FloatVector.fromArray(SPECIES, memory, k * PANEL + 3 * LANES);
            FloatVector w = FloatVector.broadcast(SPECIES, memory[rowA + k]);
            a0 = x0.fma(w, a0);
            a1 = x1.fma(w, a1);
            a2 = x2.fma(w, a2);
            a3 = x3.fma(w, a3);
            w = FloatVector.broadcast(SPECIES, memory[rowB + k]);
            b0 = x0.fma(w, b0);
            b1 = x1.fma(w, b1);
            b2 = x2.fma(w, b2);
            b3 = x3.fma(w, b3);
            w = FloatVector.broadcast(SPECIES, memory[rowC + k]);
            c0 = x0.fma(w, c0);
            c1 = x1.fma(w, c1);
            c2 = x2.fma(w, c2);
            c3 = x3.fma(w, c3);
            w = FloatVector.broadcast(SPECIES, memory[rowD + k]);
            d0 = x0.fma(w, d0);
            d1 = x1.fma(w, d1);
            d2 = x2.fma(w, d2);
            d3 = x3.fma(w, d3);
        }
        a0.intoArray(memory, tileAt);
        a1.intoArray(memory, tileAt + LANES);
        a2.intoArray(memory, tileAt + 2 * LANES);
        a3.intoArray(memory, tileAt + 3 * LANES);
        b0.intoArray(memory, tileAt + PANEL);
        b1.intoArray(memory, tileAt + PANEL + LANES);
        b2.intoArray(memory, tileAt + PANEL + 2 * LANES);
        b3.intoArray(memory, tileAt + PANEL + 3 * LANES);
        c0.intoArray(memory, tileAt + 2 * PANEL);
        c1.intoArray(memory, tileAt + 2 * PANEL + LANES);
        c2.intoArray(memory, tileAt + 2 * PANEL + 2 * LANES);
        c3.intoArray(memory, tileAt + 2 * PANEL + 3 * LANES);
        d0.intoArray(memory, tileAt + 3 * PANEL);
        d1.intoArray(memory, tileAt + 3 * PANEL + LANES);
        d2.intoArray(memory, tileAt + 3 * PANEL + 2 * LANES);
        d3.intoArray(memory, tileAt + 3 * PANEL + 3 * LANES);
    }

    /** As {@link #tile} for one vector of positions. */
    private void narrowTile(float[] memory, int channel, int rows) {
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        int rowA = weightRow(channel, 0, rows);
        int rowB = weightRow(channel, 1, rows);
        int rowC = weightRow(channel, 2, rows);
        int rowD = weightRow(channel, 3, rows);
        for (int k = 0; k < depth; k++) {
            FloatVector x = FloatVector.fromArray(SPECIES, memory, k * LANES);
            a = x.fma(FloatVector.broadcast(SPECIES, memory[rowA + k]), a);
            b = x.fma(FloatVector.broadcast(SPECIES, memory[rowB + k]), b);
            c = x.fma(FloatVector.broadcast(SPECIES, memory[rowC + k]), c);
            d = x.fma(FloatVector.broadcast(SPECIES, memory[rowD + k]), d);
        }
        a.intoArray(memory, tileAt);
        b.intoArray(memory, tileAt + PANEL);
        c.intoArray(memory, tileAt + 2 * PANEL);
        d.intoArray(memory, tileAt + 3 * PANEL);
    }
}
