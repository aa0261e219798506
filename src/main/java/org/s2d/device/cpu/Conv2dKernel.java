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
 * are copied side by side into a panel that stays in the first-level cache, and tiles of 4 channels x 3 vectors of
 * positions are summed in registers. Bias, activation and residual are applied before a tile is stored.
 */
final class Conv2dKernel {
    private static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    private static final int LANES = SPECIES.length();
    private static final int PANEL = 3 * LANES;
    private static final int ROWS = 4;
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private final Conv2dShape shape;
    private final MemorySegment in;
    private final MemorySegment weight;
    private final ChannelOutput out;

    private Conv2dKernel(Conv2dShape shape, MemorySegment in, MemorySegment weight, ChannelOutput out) {
        this.shape = shape;
        this.in = in;
        this.weight = weight;
        this.out = out;
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
                    if (iy >= 0 && iy < s.inHeight() && ix >= 0 && ix < s.inWidth()) {
                        sum += w[tap] * x[plane + iy * s.inWidth() + ix];
                    }
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
        Conv2dKernel kernel = new Conv2dKernel(shape, in, weight, out);
        int panels = Math.ceilDiv(shape.positions(), PANEL);
        long units = (long) shape.batch() * shape.groups() * panels;
        workers.parallelFor(units, 1, (worker, from, to) -> {
            float[] panel = scratch.floats(worker, shape.depth() * PANEL);
            for (long unit = from; unit < to; unit++) {
                int image = (int) (unit / panels / shape.groups());
                int group = (int) (unit / panels % shape.groups());
                kernel.panel(panel, image, group, (int) (unit % panels) * PANEL);
            }
        });
    }

    /** All output channels of a group at the positions {@code first} to {@code first + PANEL - 1} of an image. */
    private void panel(float[] panel, int image, int group, int first) {
        int valid = Math.min(PANEL, shape.positions() - first);
        int columns = valid <= LANES ? LANES : PANEL;
        long input = ((long) image * shape.inChannels() + (long) group * shape.groupInChannels())
                * shape.inHeight()
                * shape.inWidth();
        if (shape.isPointwise()) {
            packRows(panel, columns, input + first, valid);
        } else {
            packPatches(panel, columns, input, first, valid);
        }
        int end = (group + 1) * shape.groupOutChannels();
        for (int channel = group * shape.groupOutChannels(); channel < end; channel += ROWS) {
            long at = ((long) image * shape.outChannels() + channel) * shape.positions() + first;
            int rows = Math.min(ROWS, end - channel);
            if (columns == LANES) {
                narrowTile(panel, channel, rows, at, valid);
            } else {
                tile(panel, channel, rows, at, valid);
            }
        }
    }

    /** A 1x1 convolution's patches are rows of the input as it lies. */
    private void packRows(float[] panel, int columns, long input, int valid) {
        int plane = shape.inHeight() * shape.inWidth();
        for (int c = 0, row = 0; c < shape.depth(); c++, row += columns) {
            long from = (input + (long) c * plane) * Float.BYTES;
            for (int i = 0; i < columns; i += LANES) {
                if (i + LANES <= valid) {
                    FloatVector.fromMemorySegment(SPECIES, in, from + (long) i * Float.BYTES, ORDER)
                            .intoArray(panel, row + i);
                } else {
                    var mask = SPECIES.indexInRange(i, valid);
                    FloatVector.fromMemorySegment(SPECIES, in, from + (long) i * Float.BYTES, ORDER, mask)
                            .intoArray(panel, row + i);
                }
            }
        }
    }

    private void packPatches(float[] panel, int columns, long input, int first, int valid) {
        Arrays.fill(panel, 0, shape.depth() * columns, 0);
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
                            copyRun(panel, row, plane + (long) iy * shape.inWidth(), ix, run, strideW);
                        }
                    }
                }
            }
            p += run;
            column += run;
        }
    }

    /** Every {@code stride}-th input of a row from {@code x} on, leaving out what lies in the padding. */
    private void copyRun(float[] panel, int to, long row, int x, int count, int stride) {
        int from = x >= 0 ? 0 : Math.ceilDiv(-x, stride);
        int end = x >= shape.inWidth() ? 0 : Math.min(count, (shape.inWidth() - 1 - x) / stride + 1);
        for (int i = from; i < end; i++) {
            panel[to + i] = in.get(ValueLayout.JAVA_FLOAT, (row + x + (long) i * stride) * Float.BYTES);
        }
    }

    /** Byte offset of a channel's weights; rows past the last repeat it and are not stored. */
    private long weightRow(int channel, int row, int rows) {
        return (long) (channel + Math.min(row, rows - 1)) * shape.depth() * Float.BYTES;
    }

    private FloatVector weightAt(long offset) {
        return FloatVector.broadcast(SPECIES, weight.get(ValueLayout.JAVA_FLOAT, offset));
    }

    private void tile(float[] panel, int channel, int rows, long at, int valid) {
        FloatVector zero = FloatVector.zero(SPECIES);
        FloatVector a0 = zero, a1 = zero, a2 = zero;
        FloatVector b0 = zero, b1 = zero, b2 = zero;
        FloatVector c0 = zero, c1 = zero, c2 = zero;
        FloatVector d0 = zero, d1 = zero, d2 = zero;
        long rowA = weightRow(channel, 0, rows);
        long rowB = weightRow(channel, 1, rows);
        long rowC = weightRow(channel, 2, rows);
        long rowD = weightRow(channel, 3, rows);
        int depth = shape.depth();
        for (int k = 0; k < depth; k++) {
            FloatVector x0 = FloatVector.fromArray(SPECIES, panel, k * PANEL);
            FloatVector x1 = FloatVector.fromArray(SPECIES, panel, k * PANEL + LANES);
            FloatVector x2 = FloatVector.fromArray(SPECIES, panel, k * PANEL + 2 * LANES);
            long offset = (long) k * Float.BYTES;
            FloatVector w = weightAt(rowA + offset);
            a0 = x0.fma(w, a0);
            a1 = x1.fma(w, a1);
            a2 = x2.fma(w, a2);
            w = weightAt(rowB + offset);
            b0 = x0.fma(w, b0);
            b1 = x1.fma(w, b1);
            b2 = x2.fma(w, b2);
            w = weightAt(rowC + offset);
            c0 = x0.fma(w, c0);
            c1 = x1.fma(w, c1);
            c2 = x2.fma(w, c2);
            w = weightAt(rowD + offset);
            d0 = x0.fma(w, d0);
            d1 = x1.fma(w, d1);
            d2 = x2.fma(w, d2);
        }
        int positions = shape.positions();
        storeRow(channel, at, valid, a0, a1, a2);
        if (rows > 1) {
            storeRow(channel + 1, at + positions, valid, b0, b1, b2);
        }
        if (rows > 2) {
            storeRow(channel + 2, at + 2L * positions, valid, c0, c1, c2);
        }
        if (rows > 3) {
            storeRow(channel + 3, at + 3L * positions, valid, d0, d1, d2);
        }
    }

    private void storeRow(int channel, long at, int valid, FloatVector v0, FloatVector v1, FloatVector v2) {
        out.store(v0, channel, at, valid);
        out.store(v1, channel, at + LANES, valid - LANES);
        out.store(v2, channel, at + 2L * LANES, valid - 2 * LANES);
    }

    /** As {@link #tile} for at most one vector of positions. */
    private void narrowTile(float[] panel, int channel, int rows, long at, int valid) {
        FloatVector a = FloatVector.zero(SPECIES);
        FloatVector b = a;
        FloatVector c = a;
        FloatVector d = a;
        long rowA = weightRow(channel, 0, rows);
        long rowB = weightRow(channel, 1, rows);
        long rowC = weightRow(channel, 2, rows);
        long rowD = weightRow(channel, 3, rows);
        int depth = shape.depth();
        for (int k = 0; k < depth; k++) {
            FloatVector x = FloatVector.fromArray(SPECIES, panel, k * LANES);
            long offset = (long) k * Float.BYTES;
            a = x.fma(weightAt(rowA + offset), a);
            b = x.fma(weightAt(rowB + offset), b);
            c = x.fma(weightAt(rowC + offset), c);
            d = x.fma(weightAt(rowD + offset), d);
        }
        int positions = shape.positions();
        out.store(a, channel, at, valid);
        if (rows > 1) {
            out.store(b, channel + 1, at + positions, valid);
        }
        if (rows > 2) {
            out.store(c, channel + 2, at + 2L * positions, valid);
        }
        if (rows > 3) {
            out.store(d, channel + 3, at + 3L * positions, valid);
        }
    }
}
