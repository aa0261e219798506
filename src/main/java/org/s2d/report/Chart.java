package org.s2d.report;

import java.awt.image.BufferedImage;
import java.nio.file.Path;

/** A picture of known size. {@link #write} makes a PNG file of it, {@link Figure} puts several into one. */
public sealed interface Chart
        permits LineChart,
                BarChart,
                ConfusionMatrixChart,
                ReliabilityChart,
                ScatterChart,
                ContactSheet,
                StripSheet,
                Figure {
    /** Logical pixels; the file has twice as many. */
    double width();

    /** Logical pixels; the file has twice as many. */
    double height();

    /** Draws this chart with its upper left corner at the canvas' origin. */
    void draw(Canvas canvas);

    /** Columns of {@link #image}. */
    default int pixelWidth() {
        return RasterCanvas.pixels(width());
    }

    /** Rows of {@link #image}. */
    default int pixelHeight() {
        return RasterCanvas.pixels(height());
    }

    /** The chart as an RGB image of twice the logical size. */
    default BufferedImage image() {
        RasterCanvas canvas = new RasterCanvas(width(), height());
        draw(canvas);
        return canvas.image();
    }

    /**
     * The chart as an {@code svg} element whose colours are those of the page around it, by the custom properties of {@link SvgCanvas}.
     *
     * @param id unlike any other in the page
     * @param description what a reader who cannot see it is told
     */
    default String svg(String id, String description) {
        SvgCanvas canvas = new SvgCanvas(id);
        draw(canvas);
        return canvas.element(width(), height(), description);
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
