package org.s2d.data.image;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Resizing as PIL's {@code Image.resize} does: separable filters that widen when shrinking (antialiasing), weights in
 * 22-bit fixed point, and an 8-bit rounding between the horizontal and the vertical pass. Bit-equal to PIL.
 */
public final class Resample {
    /** The two filters of {@code Image.BILINEAR} and {@code Image.BICUBIC} (a = -0.5). */
    public enum Filter {
        BILINEAR(1),
        BICUBIC(2);

        private final double support;

        Filter(double support) {
            this.support = support;
        }

        private double weight(double distance) {
            double x = Math.abs(distance);
            if (this == BILINEAR) {
                return x < 1 ? 1 - x : 0;
            }
            double a = -0.5;
            if (x < 1) {
                return ((a + 2) * x - (a + 3)) * x * x + 1;
            }
            return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
        }
    }

    private static final int PRECISION = 22;

    /** Rows that are turned into columns at once: as many as the first cache takes. */
    private static final int STRIP = 16;

    /** For each output position: the first input position and the weights from there on. */
    @SuppressWarnings("ArrayRecordComponent") // a bundle for the two passes
    private record Taps(int[] first, int[][] weights) {}

    private Resample() {}

    /** The image at another size. */
    public static Image resize(Image image, int width, int height, Filter filter) {
        if (width <= 0 || height <= 0) {
            throw new IllegalArgumentException("cannot resize to " + width + " x " + height);
        }
        if (width == image.width() && height == image.height()) {
            return image;
        }
        int[] pixels = horizontal(image, width, taps(image.width(), width, filter));
        if (height != image.height()) {
            int[] lines = plane(width, height);
            sumLines(pixels, width, taps(image.height(), height, filter), lines);
            pixels = lines;
        }
        Image out = Image.blank(width, height);
        Packed.unpack(pixels, 0, out.rgb(), 0, width * height);
        return out;
    }

    /** The image with its shorter side at {@code size} and the other in proportion, rounded down. */
    public static Image resizeShortSide(Image image, int size, Filter filter) {
        int width = image.width();
        int height = image.height();
        return width <= height
                ? resize(image, size, (int) (size * (double) height / width), filter)
                : resize(image, (int) (size * (double) width / height), size, filter);
    }

    /** Packed pixels, and room for what whole vectors write after them. */
    private static int[] plane(int width, int height) {
        return new int[Math.addExact(Math.multiplyExact(width, height), Lanes.PIXELS.length())];
    }

    /** Turns some rows at a time into columns, so that neighbours in memory have the same weights. */
    private static int[] horizontal(Image image, int width, Taps taps) {
        int[] out = plane(width, image.height());
        if (width == image.width()) {
            Packed.pack(image.rgb(), 0, out, 0, width * image.height());
            return out;
        }
        int[] rows = plane(image.width(), STRIP);
        int[] columns = rows.clone();
        int[] resized = plane(width, STRIP);
        for (int y = 0; y < image.height(); y += STRIP) {
            int count = Math.min(STRIP, image.height() - y);
            Packed.pack(image.rgb(), y * image.width() * 3, rows, 0, count * image.width());
            transpose(rows, image.width(), count, columns, 0);
            sumLines(columns, count, taps, resized);
            transpose(resized, count, width, out, y * width);
        }
        return out;
    }

    private static void transpose(int[] in, int width, int height, int[] out, int at) {
        for (int x = 0, to = at; x < width; x++) {
            for (int y = 0; y < height; y++) {
                out[to++] = in[y * width + x];
            }
        }
    }

    /** Weighted sums of lines of pixels, four samples each. What a line writes past its end, the next one overwrites. */
    private static void sumLines(int[] in, int length, Taps taps, int[] out) {
        for (int y = 0; y < taps.first.length; y++) {
            int[] weights = taps.weights[y];
            int from = taps.first[y] * length;
            for (int i = 0; i < length; i += Lanes.PIXELS.length()) {
                IntVector sum = IntVector.broadcast(Lanes.INTS, 1 << (PRECISION - 1));
                for (int k = 0; k < weights.length; k++) {
                    IntVector pixels = IntVector.fromArray(Lanes.PIXELS, in, from + k * length + i);
                    sum = sum.add(Lanes.widen(pixels.reinterpretAsBytes()).mul(weights[k]));
                }
                Lanes.samples(sum.lanewise(VectorOperators.ASHR, PRECISION))
                        .reinterpretAsInts()
                        .intoArray(out, y * length + i);
            }
        }
    }

    private static Taps taps(int inSize, int outSize, Filter filter) {
        double scale = (double) inSize / outSize;
        double filterScale = Math.max(scale, 1);
        double support = filter.support * filterScale;
        double inverse = 1 / filterScale;
        int[] first = new int[outSize];
        int[][] fixed = new int[outSize][];
        for (int i = 0; i < outSize; i++) {
            double centre = (i + 0.5) * scale;
            int low = Math.max(0, (int) (centre - support + 0.5));
            int count = Math.min(inSize, (int) (centre + support + 0.5)) - low;
            double[] weights = new double[count];
            double sum = 0;
            for (int k = 0; k < count; k++) {
                weights[k] = filter.weight((k + low - centre + 0.5) * inverse);
                sum += weights[k];
            }
            first[i] = low;
            fixed[i] = new int[count];
            for (int k = 0; k < count; k++) {
                double weight = (sum == 0 ? weights[k] : weights[k] / sum) * (1 << PRECISION);
                fixed[i][k] = (int) (weight < 0 ? weight - 0.5 : weight + 0.5);
            }
        }
        return new Taps(first, fixed);
    }
}
