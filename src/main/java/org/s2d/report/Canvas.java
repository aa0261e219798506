package org.s2d.report;

import java.awt.Color;
import java.awt.Shape;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;

/** What charts draw on, in logical pixels. Angles in degrees, y grows down. */
public abstract sealed class Canvas permits RasterCanvas, SvgCanvas {
    private final Lettering lettering = Lettering.best();

    /** Which point of a text the given x is. */
    enum Align {
        LEFT,
        CENTER,
        RIGHT
    }

    /** Moves the origin, draws, and moves it back. */
    abstract void at(double x, double y, Runnable drawing);

    /** Draws with everything outside the rectangle cut off. */
    abstract void clipped(double x, double y, double width, double height, Runnable drawing);

    abstract void fill(Shape shape, Color color);

    abstract void stroke(Shape shape, Color color, double width);

    abstract void line(double x0, double y0, double x1, double y1, Color color, double width);

    abstract void dashed(double x0, double y0, double x1, double y1, Color color);

    abstract void picture(BufferedImage picture, double x, double y, double width, double height);

    /** One line of text; y is the middle of its capitals, so that a text sits centred on a tick or in a cell. */
    abstract void text(String text, double x, double y, Align align, Style style, Color color);

    /** Text turned about (x, y), positive angles clockwise. */
    abstract void turned(String text, double x, double y, double angle, Align align, Style style, Color color);

    final void rect(double x, double y, double width, double height, Color color) {
        fill(new Rectangle2D.Double(x, y, width, height), color);
    }

    final Lettering lettering() {
        return lettering;
    }

    final double width(String text, Style style) {
        return lettering.width(text, style);
    }

    /** The text, shortened with an ellipsis where it is wider than the room. */
    final String fit(String text, double room, Style style) {
        if (width(text, style) <= room) {
            return text;
        }
        int length = text.length();
        while (length > 1 && width(text.substring(0, length) + "…", style) > room) {
            length--;
        }
        return text.substring(0, length).strip() + "…";
    }
}
