package org.s2d.data.image;

import java.util.function.IntUnaryOperator;
import jdk.incubator.vector.FloatVector;

/** Colour operations of PIL's ImageOps and ImageEnhance, bit-equal to them. */
public final class PhotoOps {
    private static final int COLOURS = 3;
    private static final int LEVELS = 256;
    /** Weights of {@link #smooth}. */
    private static final float SIDE = 1f / 13;

    private static final float CENTRE = 5f / 13;

    private PhotoOps() {}

    /** Every sample through a function. */
    public static Image map(Image image, IntUnaryOperator function) {
        byte[] table = table(function);
        return map(image, new byte[][] {table, table, table});
    }

    private static byte[] table(IntUnaryOperator function) {
        byte[] table = new byte[LEVELS];
        for (int i = 0; i < LEVELS; i++) {
            table[i] = (byte) Math.clamp(function.applyAsInt(i), 0, 255);
        }
        return table;
    }

    /** Every colour through its table. */
    private static Image map(Image image, byte[][] tables) {
        byte[] in = image.rgb();
        byte[] out = new byte[in.length];
        for (int i = 0; i < in.length; i += COLOURS) {
            out[i] = tables[0][in[i] & 0xff];
            out[i + 1] = tables[1][in[i + 1] & 0xff];
            out[i + 2] = tables[2][in[i + 2] & 0xff];
        }
        return new Image(image.width(), image.height(), out);
    }

    public static Image invert(Image image) {
        return map(image, value -> 255 - value);
    }

    /** Inverts samples at or above the threshold. */
    public static Image solarize(Image image, double threshold) {
        return map(image, value -> value < threshold ? value : 255 - value);
    }

    /** Adds to samples below 128. */
    public static Image solarizeAdd(Image image, int add) {
        return map(image, value -> value < 128 ? Math.min(255, value + add) : value);
    }

    /** Keeps the upper bits of every sample; eight or more change nothing. */
    public static Image posterize(Image image, int bits) {
        return bits >= 8 ? image : map(image, value -> value & -(1 << (8 - bits)));
    }

    /** Stretches every colour to 0..255. */
    public static Image autoContrast(Image image) {
        byte[][] tables = new byte[COLOURS][];
        int[][] histograms = histograms(image);
        for (int c = 0; c < COLOURS; c++) {
            int[] counts = histograms[c];
            int low = 0;
            while (counts[low] == 0) {
                low++;
            }
            int high = lastOf(counts);
            double scale = high > low ? 255.0 / (high - low) : 1;
            double offset = high > low ? -low * scale : 0;
            tables[c] = table(value -> (int) (value * scale + offset));
        }
        return map(image, tables);
    }

    /** Flattens the histogram of every colour. */
    public static Image equalize(Image image) {
        byte[][] tables = new byte[COLOURS][LEVELS];
        int[][] histograms = histograms(image);
        for (int c = 0; c < COLOURS; c++) {
            int[] counts = histograms[c];
            int step = (image.width() * image.height() - counts[lastOf(counts)]) / 255;
            for (int i = 0, sum = step / 2; i < LEVELS; i++) {
                tables[c][i] = (byte) (step == 0 ? i : Math.min(255, sum / step));
                sum += counts[i];
            }
        }
        return map(image, tables);
    }

    private static int[][] histograms(Image image) {
        int[][] counts = new int[COLOURS][LEVELS];
        byte[] rgb = image.rgb();
        for (int i = 0; i < rgb.length; i += COLOURS) {
            counts[0][rgb[i] & 0xff]++;
            counts[1][rgb[i + 1] & 0xff]++;
            counts[2][rgb[i + 2] & 0xff]++;
        }
        return counts;
    }

    /** The highest level that occurs. */
    private static int lastOf(int[] counts) {
        int last = LEVELS - 1;
        while (counts[last] == 0) {
            last--;
        }
        return last;
    }

    /** Saturation: 0 is grey, 1 the image. */
    public static Image color(Image image, double factor) {
        return blend(image.grey(), image, factor);
    }

    /** 0 is the mean grey, 1 the image. */
    public static Image contrast(Image image, double factor) {
        long sum = 0;
        for (int i = 0; i < image.rgb().length; i += COLOURS) {
            sum += Image.luma(image.rgb(), i);
        }
        int mean = (int) ((double) sum / ((long) image.width() * image.height()) + 0.5);
        return map(image, value -> blend(mean, value, (float) factor));
    }

    /** 0 is black, 1 the image. */
    public static Image brightness(Image image, double factor) {
        return map(image, value -> blend(0, value, (float) factor));
    }

    /** 0 is smoothed, 1 the image, 2 sharpened. */
    public static Image sharpness(Image image, double factor) {
        return blend(smooth(image), image, factor);
    }

    /** A 3 x 3 mean with the centre counted five times; the outermost pixels stay. In single precision, as PIL. */
    private static Image smooth(Image image) {
        int stride = image.width() * COLOURS;
        byte[] in = image.rgb();
        byte[] out = in.clone();
        for (int y = 1; y < image.height() - 1; y++) {
            int end = (y + 1) * stride - COLOURS;
            int i = y * stride + COLOURS;
            for (; i <= end - Lanes.FLOATS.length(); i += Lanes.FLOATS.length()) {
                FloatVector sum = FloatVector.broadcast(Lanes.FLOATS, 0.5f);
                for (int at = i + stride; at >= i - stride; at -= stride) {
                    FloatVector left = Lanes.floats(in, at - COLOURS).mul(SIDE);
                    FloatVector middle = Lanes.floats(in, at).mul(at == i ? CENTRE : SIDE);
                    FloatVector right = Lanes.floats(in, at + COLOURS).mul(SIDE);
                    sum = sum.add(left.add(middle).add(right));
                }
                Lanes.samples(sum).intoArray(out, i);
            }
            for (; i < end; i++) {
                float sum = 0.5f;
                for (int at = i + stride; at >= i - stride; at -= stride) {
                    float middle = (in[at] & 0xff) * (at == i ? CENTRE : SIDE);
                    sum += (in[at - COLOURS] & 0xff) * SIDE + middle + (in[at + COLOURS] & 0xff) * SIDE;
                }
                out[i] = (byte) Math.clamp((int) sum, 0, 255);
            }
        }
        return new Image(image.width(), image.height(), out);
    }

    /** {@code from + factor * (to - from)} in single precision, truncated; factors beyond 0..1 extrapolate. */
    static Image blend(Image from, Image to, double factor) {
        byte[] out = new byte[from.rgb().length];
        int i = 0;
        for (; i <= out.length - Lanes.FLOATS.length(); i += Lanes.FLOATS.length()) {
            FloatVector start = Lanes.floats(from.rgb(), i);
            FloatVector way = Lanes.floats(to.rgb(), i).sub(start);
            Lanes.samples(start.add(way.mul((float) factor))).intoArray(out, i);
        }
        for (; i < out.length; i++) {
            out[i] = (byte) blend(from.rgb()[i] & 0xff, to.rgb()[i] & 0xff, (float) factor);
        }
        return new Image(from.width(), from.height(), out);
    }

    private static int blend(int from, int to, float factor) {
        return Math.clamp((int) (from + factor * (to - from)), 0, 255);
    }
}
