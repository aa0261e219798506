package org.s2d.data.image;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import org.s2d.data.image.Resample.Taps;

/** {@link Resample#resize} with vectors: sums of whole lines of packed pixels. */
final class ResampleLines {
    /** Rows that are turned into columns at once: as many as the first cache takes. */
    private static final int STRIP = 16;

    private ResampleLines() {}

    static Image resize(Image image, Taps across, Taps down) {
        int width = across.size();
        int[] lines = plane(width, down.size());
        sumLines(horizontal(image, across), width, down, lines);
        Image out = Image.blank(width, down.size());
        Packed.unpack(lines, 0, out.rgb(), 0, width * down.size());
        return out;
    }

    /** Packed pixels, and room for what whole vectors write after them. */
    private static int[] plane(int width, int height) {
        return new int[Math.addExact(Math.multiplyExact(width, height), Lanes.PIXELS.length())];
    }

    /** Turns some rows at a time into columns, so that neighbours in memory have the same weights. */
    private static int[] horizontal(Image image, Taps taps) {
        int width = taps.size();
        int[] out = plane(width, image.height());
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
        for (int y = 0; y < taps.size(); y++) {
            int[] weights = taps.weights()[y];
            int from = taps.first()[y] * length;
            for (int i = 0; i < length; i += Lanes.PIXELS.length()) {
                IntVector sum = IntVector.broadcast(Lanes.INTS, 1 << (Resample.PRECISION - 1));
                for (int k = 0; k < weights.length; k++) {
                    IntVector pixels = IntVector.fromArray(Lanes.PIXELS, in, from + k * length + i);
                    sum = sum.add(Lanes.widen(pixels.reinterpretAsBytes()).mul(weights[k]));
                }
                Lanes.samples(sum.lanewise(VectorOperators.ASHR, Resample.PRECISION))
                        .reinterpretAsInts()
                        .intoArray(out, y * length + i);
            }
        }
    }
}
