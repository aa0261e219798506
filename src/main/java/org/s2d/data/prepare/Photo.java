package org.s2d.data.prepare;

import java.awt.image.BufferedImage;
import org.s2d.data.image.Image;
import org.s2d.data.image.Resample;

/** A picture as numbers from 0 to 255: one plane (grey) or three (red, green, blue), each row by row. */
final class Photo {
    final int width;
    final int height;
    final float[][] planes;

    Photo(int width, int height, int planes) {
        this.width = width;
        this.height = height;
        this.planes = new float[planes][width * height];
    }

    /** A picture at another size, grey or in colour. */
    static Photo of(Image original, boolean grey, int width, int height) {
        Image coloured = Resample.resize(original, width, height, Resample.Filter.BICUBIC);
        Image image = grey ? coloured.grey() : coloured;
        Photo photo = new Photo(width, height, grey ? 1 : 3);
        for (int i = 0; i < photo.width * photo.height; i++) {
            for (int plane = 0; plane < photo.planes.length; plane++) {
                photo.planes[plane][i] = image.rgb()[3 * i + plane] & 0xFF;
            }
        }
        return photo;
    }

    /** Bilinear value at a place given in pixel centres; outside, the nearest edge goes on. */
    float sample(int plane, double x, double y) {
        double cx = Math.clamp(x, 0.0, width - 1.0);
        double cy = Math.clamp(y, 0.0, height - 1.0);
        int x0 = (int) cx;
        int x1 = Math.min(x0 + 1, width - 1);
        int y0 = (int) cy;
        int upper = y0 * width;
        int lower = Math.min(y0 + 1, height - 1) * width;
        float[] values = planes[plane];
        double top = values[upper + x0] + (values[upper + x1] - values[upper + x0]) * (cx - x0);
        double bottom = values[lower + x0] + (values[lower + x1] - values[lower + x0]) * (cx - x0);
        return (float) (top + (bottom - top) * (cy - y0));
    }

    /** As an RGB image, for a grey picture too, since one-component JPEGs are read differently by many programs. */
    BufferedImage image() {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < width * height; i++) {
            int rgb = 0;
            for (int channel = 0; channel < 3; channel++) {
                float value = planes[planes.length == 1 ? 0 : channel][i];
                rgb = rgb << 8 | Math.clamp(Math.round(value), 0, 255);
            }
            image.setRGB(i % width, i / width, rgb);
        }
        return image;
    }
}
