package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.s2d.device.Checks;
import org.s2d.device.ClipPlan;
import org.s2d.device.Frames;
import org.s2d.device.ImageNet;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Clips out of frames: {@link Frames}. */
final class FramesKernel {
    private static final int COLOURS = 3;

    private final Tensor out;
    private final Tensor pixels;
    private final MemorySegment values;
    private final int rows;
    private final int frames;
    private final int outHeight;
    private final int outWidth;
    private final ClipPlan[] plans;
    private final CropAxis[] vertical;
    private final CropAxis[] horizontal;

    private FramesKernel(Tensor out, Tensor pixels, Tensor plans, Tensor values) {
        Frames.check(out, pixels, plans, values);
        this.out = out;
        this.pixels = pixels;
        this.values = values.base();
        rows = out.dim(0);
        frames = out.dim(2);
        outHeight = out.dim(3);
        outWidth = out.dim(4);
        this.plans = new ClipPlan[rows];
        vertical = new CropAxis[rows];
        horizontal = new CropAxis[rows];
        for (int b = 0; b < rows; b++) {
            ClipPlan plan = ClipPlan.read(plans, b).requireFits(out.shape(), pixels.shape(), values.numel());
            this.plans[b] = plan;
            vertical[b] = CropAxis.of(plan.crop().height(), outHeight);
            CropAxis across = CropAxis.of(plan.crop().width(), outWidth);
            horizontal[b] = plan.flip() ? across.mirrored() : across;
        }
    }

    // Scalar reference

    static void reference(Tensor out, Tensor pixels, Tensor plans, Tensor values, boolean mixed) {
        FramesKernel kernel = new FramesKernel(out, pixels, plans, values);
        Cells to = new Cells(out);
        Cells from = new Cells(pixels);
        Cells erasing = new Cells(values);
        for (long i = 0; i < out.numel(); i++) {
            int x = (int) (i % kernel.outWidth);
            int y = (int) (i / kernel.outWidth % kernel.outHeight);
            int t = (int) (i / kernel.outWidth / kernel.outHeight % kernel.frames);
            long colourOfRow = i / kernel.outWidth / kernel.outHeight / kernel.frames;
            int c = (int) (colourOfRow % COLOURS);
            int b = (int) (colourOfRow / COLOURS);
            double value = kernel.unmixed(from, erasing, b, c, t, y, x);
            ClipPlan.Mix mix = kernel.plans[b].mix();
            if (mixed && mix.contains(t, y, x)) {
                double partner = kernel.unmixed(from, erasing, kernel.rows - 1 - b, c, t, y, x);
                value = mix.weight() == 0 ? partner : mix.weight() * value + mix.rest() * partner;
            }
            to.set(i, value);
        }
    }

    private double unmixed(Cells from, Cells erasing, int b, int c, int t, int y, int x) {
        ClipPlan.Box erased = plans[b].erased();
        if (erased.contains(y, x)) {
            long line = ((long) t * COLOURS + c) * erased.height() + y - erased.top();
            return erasing.get(plans[b].firstValue() + line * erased.width() + x - erased.left());
        }
        CropAxis down = vertical[b];
        CropAxis across = horizontal[b];
        double right = across.weight()[x];
        double[] near = new double[2];
        for (int i = 0; i < 2; i++) {
            long line = firstPixel(b, t, i == 0 ? down.low()[y] : down.high()[y]);
            near[i] = colour(from, line + across.low()[x], c) * (1 - right)
                    + colour(from, line + across.high()[x], c) * right;
        }
        return near[0] * (1 - down.weight()[y]) + near[1] * down.weight()[y];
    }

    private double colour(Cells from, long pixel, int c) {
        double value = from.get(pixel * COLOURS + c);
        return pixels.dtype() == DType.U8 ? (value / 255 - ImageNet.mean(c)) / ImageNet.deviation(c) : value;
    }

    /** The first pixel of a line of a row's crop. */
    private long firstPixel(int b, int t, int line) {
        ClipPlan.Box crop = plans[b].crop();
        long frameLine = ((long) b * frames + t) * pixels.dim(2) + crop.top() + line;
        return frameLine * pixels.dim(3) + crop.left();
    }

    // F32, line by line; two rows that are mixed with each other are made together, so that every pixel is read once

    static void forward(Workers workers, Tensor out, Tensor pixels, Tensor plans, Tensor values, boolean mixed) {
        Checks.singlePrecision("clips", out);
        Checks.onlyF32("clips", values);
        FramesKernel kernel = new FramesKernel(out, pixels, plans, values);
        if (out.numel() == 0) {
            return;
        }
        float[] normalised = new float[COLOURS * 256];
        for (int i = 0; i < normalised.length; i++) {
            normalised[i] = ImageNet.normalise((i & 255) / 255f, i >> 8);
        }
        long pairs = (kernel.rows + 1L) / 2;
        workers.parallelFor(pairs * kernel.frames, 1, (worker, from, to) -> {
            Lines first = kernel.new Lines(normalised);
            Lines second = kernel.new Lines(normalised);
            for (long unit = from; unit < to; unit++) {
                int b = (int) (unit / kernel.frames);
                int t = (int) (unit % kernel.frames);
                kernel.pair(first, second, b, t, mixed);
            }
        });
    }

    private void pair(Lines first, Lines second, int b, int t, boolean mixed) {
        int partner = rows - 1 - b;
        first.begin(b, t);
        second.begin(partner, t);
        for (int y = 0; y < outHeight; y++) {
            float[] own = first.line(y);
            float[] other = partner == b ? own : second.line(y);
            store(b, t, y, mixed ? first.mixed(y, other) : own);
            if (partner != b) {
                store(partner, t, y, mixed ? second.mixed(y, own) : other);
            }
        }
    }

    /** Writes the three colours of a line. */
    private void store(int b, int t, int y, float[] line) {
        MemorySegment target = out.base();
        for (int c = 0; c < COLOURS; c++) {
            long at = ((((long) b * COLOURS + c) * frames + t) * outHeight + y) * outWidth;
            if (out.dtype() == DType.F32) {
                MemorySegment.copy(line, c * outWidth, target, ValueLayout.JAVA_FLOAT, at * Float.BYTES, outWidth);
            } else {
                Cells cells = new Cells(out);
                for (int x = 0; x < outWidth; x++) {
                    cells.set(at + x, line[c * outWidth + x]);
                }
            }
        }
    }

    /** The lines of one frame of a clip from top to bottom, colour by colour: [3, width]. For one worker. */
    private final class Lines {
        private final float[] normalised;
        private final byte[] bytes = new byte[COLOURS * pixels.dim(3)];
        private final float[] source = new float[COLOURS * pixels.dim(3)];
        /** The last even and the last odd line of the crop, resized to the clip's width; neighbours do not collide. */
        private final float[][] resized = new float[2][COLOURS * outWidth];

        private final int[] resizedLine = new int[2];
        private final float[] line = new float[COLOURS * outWidth];
        private final float[] mixed = new float[COLOURS * outWidth];
        private int b;
        private int t;

        Lines(float[] normalised) {
            this.normalised = normalised;
        }

        void begin(int row, int frame) {
            b = row;
            t = frame;
            resizedLine[0] = -1;
            resizedLine[1] = -1;
        }

        /** A line before it is mixed, valid until the next one. */
        float[] line(int y) {
            float[] above = resized(vertical[b].low()[y]);
            float[] below = resized(vertical[b].high()[y]);
            float down = vertical[b].weight()[y];
            for (int i = 0; i < line.length; i++) {
                line[i] = above[i] * (1 - down) + below[i] * down;
            }
            ClipPlan.Box erased = plans[b].erased();
            int inside = y - erased.top();
            for (int c = 0; c < COLOURS && inside >= 0 && inside < erased.height(); c++) {
                long valueLine = ((long) t * COLOURS + c) * erased.height() + inside;
                long at = (plans[b].firstValue() + valueLine * erased.width()) * Float.BYTES;
                MemorySegment.copy(
                        values, ValueLayout.JAVA_FLOAT, at, line, c * outWidth + erased.left(), erased.width());
            }
            return line;
        }

        /** The line made last, mixed with the partner's. */
        float[] mixed(int y, float[] partner) {
            ClipPlan.Mix mix = plans[b].mix();
            ClipPlan.Box part = mix.part();
            if (part.width() == 0 || !mix.contains(t, y, part.left())) {
                return line;
            }
            System.arraycopy(line, 0, mixed, 0, line.length);
            for (int c = 0; c < COLOURS; c++) {
                int at = c * outWidth + part.left();
                if (mix.weight() == 0) {
                    System.arraycopy(partner, at, mixed, at, part.width());
                } else {
                    for (int i = at; i < at + part.width(); i++) {
                        mixed[i] = line[i] * mix.weight() + partner[i] * mix.rest();
                    }
                }
            }
            return mixed;
        }

        private float[] resized(int number) {
            float[] target = resized[number & 1];
            if (resizedLine[number & 1] != number) {
                resizedLine[number & 1] = number;
                read(firstPixel(b, t, number), plans[b].crop().width());
                resize(target, plans[b].crop().width());
            }
            return target;
        }

        private void read(long first, int width) {
            if (pixels.dtype() == DType.U8) {
                MemorySegment.copy(pixels.base(), ValueLayout.JAVA_BYTE, first * COLOURS, bytes, 0, width * COLOURS);
                for (int x = 0, i = 0; x < width; x++, i += COLOURS) {
                    source[x] = normalised[bytes[i] & 0xff];
                    source[width + x] = normalised[256 + (bytes[i + 1] & 0xff)];
                    source[2 * width + x] = normalised[512 + (bytes[i + 2] & 0xff)];
                }
                return;
            }
            Cells cells = new Cells(pixels);
            for (int i = 0; i < width * COLOURS; i++) {
                source[i % COLOURS * width + i / COLOURS] = (float) cells.get(first * COLOURS + i);
            }
        }

        /** Resizes {@link #source} and mirrors it. */
        private void resize(float[] target, int width) {
            CropAxis axis = horizontal[b];
            for (int c = 0; c < COLOURS; c++) {
                for (int x = 0; x < outWidth; x++) {
                    float across = axis.weight()[x];
                    target[c * outWidth + x] = source[c * width + axis.low()[x]] * (1 - across)
                            + source[c * width + axis.high()[x]] * across;
                }
            }
        }
    }
}
