package org.s2d.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Line2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;

/** A white picture, stored at twice the logical resolution. */
final class RasterCanvas extends Canvas {
    static final double SCALE = 2;

    private final BufferedImage image;
    private final Graphics2D graphics;

    RasterCanvas(double width, double height) {
        image = new BufferedImage(pixels(width), pixels(height), BufferedImage.TYPE_INT_RGB);
        graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        graphics.setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC);
        graphics.setColor(Palette.PAPER);
        graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
        graphics.scale(SCALE, SCALE);
    }

    /** Stored pixels of so many logical ones. */
    static int pixels(double logical) {
        return (int) Math.ceil(logical * SCALE);
    }

    BufferedImage image() {
        return image;
    }

    @Override
    void at(double x, double y, Runnable drawing) {
        AffineTransform before = graphics.getTransform();
        graphics.translate(x, y);
        drawing.run();
        graphics.setTransform(before);
    }

    @Override
    void clipped(double x, double y, double width, double height, Runnable drawing) {
        Shape before = graphics.getClip();
        graphics.clip(new Rectangle2D.Double(x, y, width, height));
        drawing.run();
        graphics.setClip(before);
    }

    @Override
    void fill(Shape shape, Color color) {
        graphics.setColor(color);
        graphics.fill(shape);
    }

    @Override
    void stroke(Shape shape, Color color, double width) {
        graphics.setColor(color);
        graphics.setStroke(new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        graphics.draw(shape);
    }

    @Override
    void line(double x0, double y0, double x1, double y1, Color color, double width) {
        graphics.setColor(color);
        graphics.setStroke(new BasicStroke((float) width, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER));
        graphics.draw(new Line2D.Double(x0, y0, x1, y1));
    }

    @Override
    void dashed(double x0, double y0, double x1, double y1, Color color) {
        graphics.setColor(color);
        graphics.setStroke(
                new BasicStroke(1.2f, BasicStroke.CAP_BUTT, BasicStroke.JOIN_MITER, 10, new float[] {5, 4}, 0));
        graphics.draw(new Line2D.Double(x0, y0, x1, y1));
    }

    @Override
    void picture(BufferedImage picture, double x, double y, double width, double height) {
        AffineTransform placement = AffineTransform.getTranslateInstance(x, y);
        placement.scale(width / picture.getWidth(), height / picture.getHeight());
        graphics.drawImage(picture, placement, null);
    }

    @Override
    void text(String text, double x, double y, Align align, Style style, Color color) {
        double start = switch (align) {
            case LEFT -> x;
            case CENTER -> x - width(text, style) / 2;
            case RIGHT -> x - width(text, style);
        };
        graphics.setColor(color);
        lettering().draw(graphics, text, start, y + style.capHeight() / 2, style);
    }

    @Override
    void turned(String text, double x, double y, double angle, Align align, Style style, Color color) {
        AffineTransform before = graphics.getTransform();
        graphics.rotate(Math.toRadians(angle), x, y);
        text(text, x, y, align, style, color);
        graphics.setTransform(before);
    }
}
