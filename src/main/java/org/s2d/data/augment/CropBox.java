package org.s2d.data.augment;

import org.s2d.data.random.Draws;

/** A part of a frame: upper left corner and size in pixels. */
public record CropBox(int top, int left, int height, int width) {
    private static final int TRIES = 10;

    /**
     * The box of a random resized crop: area uniform in {@code scale} of the frame's, logarithm of width / height uniform in
     * that of {@code ratio}; after ten boxes that do not fit, the largest centred one whose ratio is in range.
     *
     * @param scale smallest and largest part of the area
     * @param ratio smallest and largest width / height
     */
    public static CropBox draw(Draws draws, double[] scale, double[] ratio, int height, int width) {
        for (int i = 0; i < TRIES; i++) {
            double area = draws.uniform(scale[0], scale[1]) * height * width;
            double aspect = StrictMath.exp(draws.uniform(StrictMath.log(ratio[0]), StrictMath.log(ratio[1])));
            int boxWidth = (int) Math.rint(Math.sqrt(area * aspect));
            int boxHeight = (int) Math.rint(Math.sqrt(area / aspect));
            if (boxWidth > 0 && boxWidth <= width && boxHeight > 0 && boxHeight <= height) {
                int top = draws.nextInt(height - boxHeight + 1);
                int left = draws.nextInt(width - boxWidth + 1);
                return new CropBox(top, left, boxHeight, boxWidth);
            }
        }
        return centred(ratio, height, width);
    }

    private static CropBox centred(double[] ratio, int height, int width) {
        double own = (double) width / height;
        int boxWidth = own > ratio[1] ? (int) Math.rint(height * ratio[1]) : width;
        int boxHeight = own < ratio[0] ? (int) Math.rint(width / ratio[0]) : height;
        return new CropBox((height - boxHeight) / 2, (width - boxWidth) / 2, boxHeight, boxWidth);
    }
}
