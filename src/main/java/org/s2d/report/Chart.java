package org.s2d.report;

import java.awt.image.BufferedImage;
import java.nio.file.Path;

/** A picture of known size. {@link #write} makes a PNG file of it, {@link Figure} puts several into one. */
public sealed interface Chart permits LineChart, BarChart, ConfusionMatrixChart, ContactSheet, Figure {
    /** Logical pixels; the file has twice as many. */
    double width();

    /** Logical pixels; the file has twice as many. */
    double height();

    /** Draws this chart with its upper left corner at the canvas' origin. */
    void draw(Canvas canvas);

    /** The chart as an RGB image of twice the logical size. */
    default BufferedImage image() {
        Canvas canvas = new Canvas(width(), height());
        draw(canvas);
        return canvas.image();
    }

    /**
     * Writes the chart as PNG: under a temporary name first, so that a reader never sees half a picture.
     *
     * @throws org.s2d.tensor.UserException when the file cannot be written
     */
    default void write(Path file) {
        Output.png(image(), file);
    }
}
