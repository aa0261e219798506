package org.s2d.report;

import java.awt.Color;
import java.awt.image.BufferedImage;

/** Weights of the patches of a picture, laid over it where they are above even: from yellow over red to dark violet. */
public final class HeatMap {
    private static final Color[] COLOURS = {
        new Color(0xFFF3B0), new Color(0xFDB32F), new Color(0xE8462B), new Color(0x9B1152), new Color(0x4A0A5E)
    };
    private static final double OPACITY = 0.78;

    private HeatMap() {}

    /**
     * The picture in grey with the weights over it, enlarged bilinearly. Weights up to 1 stay without colour.
     *
     * @param weights of side x side patches, row by row, over their mean
     * @param full the weight, above 1, from which on the colour is the strongest
     */
    public static BufferedImage over(BufferedImage picture, double[] weights, int side, double full) {
        int width = picture.getWidth();
        int height = picture.getHeight();
        BufferedImage out = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                double weight = at(weights, side, (x + 0.5) / width * side - 0.5, (y + 0.5) / height * side - 0.5);
                double share = Math.clamp((weight - 1) / (full - 1), 0, 1);
                int pixel = picture.getRGB(x, y);
                int grey = (int) (0.299 * (pixel >> 16 & 255) + 0.587 * (pixel >> 8 & 255) + 0.114 * (pixel & 255));
                Color base = new Color(grey, grey, grey);
                out.setRGB(
                        x,
                        y,
                        Palette.mix(base, colour(share), OPACITY * Math.sqrt(share))
                                .getRGB());
            }
        }
        return out;
    }

    private static Color colour(double share) {
        double position = share * (COLOURS.length - 1);
        int low = Math.min((int) position, COLOURS.length - 2);
        return Palette.mix(COLOURS[low], COLOURS[low + 1], position - low);
    }

    /** Bilinear between the centres of patches; beyond the outermost their own weights. */
    private static double at(double[] weights, int side, double x, double y) {
        double column = Math.clamp(x, 0, side - 1);
        double row = Math.clamp(y, 0, side - 1);
        int left = Math.min((int) column, Math.max(0, side - 2));
        int top = Math.min((int) row, Math.max(0, side - 2));
        int right = Math.min(left + 1, side - 1);
        int bottom = Math.min(top + 1, side - 1);
        double fx = column - left;
        double fy = row - top;
        double upper = (1 - fx) * weights[top * side + left] + fx * weights[top * side + right];
        double lower = (1 - fx) * weights[bottom * side + left] + fx * weights[bottom * side + right];
        return (1 - fy) * upper + fy * lower;
    }
}
