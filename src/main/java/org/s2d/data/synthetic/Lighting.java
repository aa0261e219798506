package org.s2d.data.synthetic;

import java.awt.image.BufferedImage;
import java.awt.image.DataBufferInt;
import java.util.SplittableRandom;

/** From the drawing to the photograph: averaged down, lit from one side, with sensor noise. */
final class Lighting {
    private static final double NOISE = 3.5;

    private Lighting() {}

    static BufferedImage develop(BufferedImage drawing, int factor, Scene scene, long noiseSeed) {
        int size = drawing.getWidth() / factor;
        int[] source = pixels(drawing);
        BufferedImage photograph = new BufferedImage(size, size, BufferedImage.TYPE_INT_RGB);
        int[] result = pixels(photograph);
        SplittableRandom random = Seeds.random(noiseSeed);
        double dx = Math.cos(scene.light());
        double dy = Math.sin(scene.light());
        for (int y = 0; y < size; y++) {
            for (int x = 0; x < size; x++) {
                double along = ((x + 0.5) / size * 2 - 1) * dx + ((y + 0.5) / size * 2 - 1) * dy;
                double light = scene.exposure() * (1 + scene.contrast() * 0.5 * Math.clamp(along, -1.0, 1.0));
                // Grey noise, roughly normal: the sum of two uniform numbers.
                double noise = NOISE * (random.nextDouble(-1.2, 1.2) + random.nextDouble(-1.2, 1.2));
                result[y * size + x] = pixel(source, x * factor, y * factor, factor, drawing.getWidth(), light, noise);
            }
        }
        return photograph;
    }

    /** The pixels themselves, not a copy. */
    private static int[] pixels(BufferedImage image) {
        return ((DataBufferInt) image.getRaster().getDataBuffer()).getData();
    }

    private static int pixel(int[] source, int x, int y, int factor, int stride, double light, double noise) {
        int rgb = 0;
        for (int shift = 16; shift >= 0; shift -= 8) {
            int sum = 0;
            for (int j = 0; j < factor; j++) {
                for (int i = 0; i < factor; i++) {
                    sum += (source[(y + j) * stride + x + i] >> shift) & 0xFF;
                }
            }
            double value = light * sum / (factor * factor) + noise;
            rgb |= Math.clamp(Math.round(value), 0, 255) << shift;
        }
        return rgb;
    }
}
