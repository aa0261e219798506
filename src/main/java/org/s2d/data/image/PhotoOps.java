package org.s2d.data.image;

import java.util.function.IntUnaryOperator;

/** Colour operations of PIL's ImageOps and ImageEnhance, bit-equal to them. */
public final class PhotoOps {
    private PhotoOps() {}

    /** Every sample through a table. */
    public static Image map(Image image, IntUnaryOperator function) {
        int[] table = new int[256];
        for (int i = 0; i < 256; i++) {
            table[i] = Math.clamp(function.applyAsInt(i), 0, 255);
        }
        byte[] out = new byte[image.rgb().length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) table[image.rgb()[i] & 0xff];
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

    /** Stretches every channel to 0..255. */
    public static Image autoContrast(Image image) {
        byte[] out = new byte[image.rgb().length];
        for (int c = 0; c < 3; c++) {
            int[] counts = histogram(image, c);
            int low = 0;
            while (counts[low] == 0) {
                low++;
            }
            int high = 255;
            while (counts[high] == 0) {
                high--;
            }
            double scale = high > low ? 255.0 / (high - low) : 1;
            double offset = high > low ? -low * scale : 0;
            mapChannel(image, c, value -> (int) (value * scale + offset), out);
        }
        return new Image(image.width(), image.height(), out);
    }

    /** Flattens the histogram of every channel. */
    public static Image equalize(Image image) {
        byte[] out = new byte[image.rgb().length];
        for (int c = 0; c < 3; c++) {
            int[] counts = histogram(image, c);
            int last = 255;
            while (counts[last] == 0) {
                last--;
            }
            int step = (image.width() * image.height() - counts[last]) / 255;
            int[] table = new int[256];
            for (int i = 0, sum = step / 2; i < 256; i++) {
                table[i] = step == 0 ? i : sum / step;
                sum += counts[i];
            }
            mapChannel(image, c, value -> table[value], out);
        }
        return new Image(image.width(), image.height(), out);
    }

    /** Saturation: 0 is grey, 1 the image. */
    public static Image color(Image image, double factor) {
        return blend(image.grey(), image, factor);
    }

    /** 0 is the mean grey, 1 the image. */
    public static Image contrast(Image image, double factor) {
        long sum = 0;
        for (int i = 0; i < image.rgb().length; i += 3) {
            sum += Image.luma(image.rgb(), i);
        }
        int mean = (int) ((double) sum / ((long) image.width() * image.height()) + 0.5);
        return blend(map(image, value -> mean), image, factor);
    }

    /** 0 is black, 1 the image. */
    public static Image brightness(Image image, double factor) {
        return blend(Image.blank(image.width(), image.height()), image, factor);
    }

    /** 0 is smoothed, 1 the image, 2 sharpened. */
    public static Image sharpness(Image image, double factor) {
        return blend(smooth(image), image, factor);
    }

    /** A 3 x 3 mean with the centre counted five times; the outermost pixels stay. In single precision, as PIL. */
    private static Image smooth(Image image) {
        float side = 1f / 13;
        float centre = 5f / 13;
        int stride = image.width() * 3;
        byte[] in = image.rgb();
        byte[] out = in.clone();
        for (int y = 1; y < image.height() - 1; y++) {
            for (int i = y * stride + 3; i < (y + 1) * stride - 3; i++) {
                float sum = 0.5f;
                sum += row(in, i + stride, side, side);
                sum += row(in, i, side, centre);
                sum += row(in, i - stride, side, side);
                out[i] = (byte) Math.clamp((int) sum, 0, 255);
            }
        }
        return new Image(image.width(), image.height(), out);
    }

    private static float row(byte[] in, int i, float side, float centre) {
        return (in[i - 3] & 0xff) * side + (in[i] & 0xff) * centre + (in[i + 3] & 0xff) * side;
    }

    /** {@code from + factor * (to - from)} in single precision, truncated; factors beyond 0..1 extrapolate. */
    static Image blend(Image from, Image to, double factor) {
        float alpha = (float) factor;
        byte[] out = new byte[from.rgb().length];
        for (int i = 0; i < out.length; i++) {
            int a = from.rgb()[i] & 0xff;
            int b = to.rgb()[i] & 0xff;
            out[i] = (byte) (int) Math.clamp(a + alpha * (b - a), 0f, 255f);
        }
        return new Image(from.width(), from.height(), out);
    }

    private static int[] histogram(Image image, int channel) {
        int[] counts = new int[256];
        for (int i = channel; i < image.rgb().length; i += 3) {
            counts[image.rgb()[i] & 0xff]++;
        }
        return counts;
    }

    private static void mapChannel(Image image, int channel, IntUnaryOperator function, byte[] out) {
        for (int i = channel; i < out.length; i += 3) {
            out[i] = (byte) Math.clamp(function.applyAsInt(image.rgb()[i] & 0xff), 0, 255);
        }
    }
}
