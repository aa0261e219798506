package org.s2d.data.image;

import java.util.Arrays;

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

    /** Bits after the point. */
    static final int PRECISION = 22;

    /** For each output position: the first input position and the weights from there on. */
    @SuppressWarnings("ArrayRecordComponent") // a bundle for the two passes
    record Taps(int[] first, int[][] weights) {
        /** Output positions. */
        int size() {
            return first.length;
        }
    }

    private Resample() {}

    /** The image at another size. */
    public static Image resize(Image image, int width, int height, Filter filter) {
        if (width <= 0 || height <= 0) {
            throw new IllegalArgumentException("cannot resize to " + width + " x " + height);
        }
        Image narrowed = width == image.width() ? image : horizontal(image, width, taps(image.width(), width, filter));
        return height == image.height() ? narrowed : vertical(narrowed, height, taps(image.height(), height, filter));
    }

    /** The same for those who resize many: half of the time, once its vectors are compiled, which takes a second of it. */
    public static Image resizeOneOfMany(Image image, int width, int height, Filter filter) {
        return width == image.width() || height == image.height()
                ? resize(image, width, height, filter)
                : ResampleLines.resize(image, taps(image.width(), width, filter), taps(image.height(), height, filter));
    }

    /** The image with its shorter side at {@code size} and the other in proportion, rounded down. */
    public static Image resizeShortSide(Image image, int size, Filter filter) {
        int width = image.width();
        int height = image.height();
        return width <= height
                ? resize(image, size, (int) (size * (double) height / width), filter)
                : resize(image, (int) (size * (double) width / height), size, filter);
    }

    private static Image horizontal(Image image, int width, Taps taps) {
        Image out = Image.blank(width, image.height());
        byte[] in = image.rgb();
        byte[] result = out.rgb();
        for (int y = 0, at = 0; y < image.height(); y++) {
            int row = y * image.width() * 3;
            for (int x = 0; x < width; x++, at += 3) {
                int from = row + taps.first[x] * 3;
                int red = 1 << (PRECISION - 1);
                int green = red;
                int blue = red;
                for (int weight : taps.weights[x]) {
                    red += (in[from] & 0xff) * weight;
                    green += (in[from + 1] & 0xff) * weight;
                    blue += (in[from + 2] & 0xff) * weight;
                    from += 3;
                }
                result[at] = clip(red);
                result[at + 1] = clip(green);
                result[at + 2] = clip(blue);
            }
        }
        return out;
    }

    private static Image vertical(Image image, int height, Taps taps) {
        int stride = image.width() * 3;
        Image out = Image.blank(image.width(), height);
        byte[] in = image.rgb();
        int[] sums = new int[stride];
        for (int y = 0; y < height; y++) {
            Arrays.fill(sums, 1 << (PRECISION - 1));
            int from = taps.first[y] * stride;
            for (int weight : taps.weights[y]) {
                for (int i = 0; i < stride; i++) {
                    sums[i] += (in[from + i] & 0xff) * weight;
                }
                from += stride;
            }
            for (int i = 0; i < stride; i++) {
                out.rgb()[y * stride + i] = clip(sums[i]);
            }
        }
        return out;
    }

    private static byte clip(int sum) {
        return (byte) Math.clamp(sum >> PRECISION, 0, 255);
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
