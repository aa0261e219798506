package org.s2d.report;

import java.awt.Color;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.PathIterator;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Base64;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import javax.imageio.ImageIO;

/**
 * Draws SVG for a page. The palette's colours become the custom properties {@code --paper --ink --muted --axis --grid --empty --right --wrong}
 * and {@code --s0} to {@code --s7} of the page, which has light and dark values for them. Texts are the browser's own: they can be found
 * and read aloud.
 */
final class SvgCanvas extends Canvas {
    private static final Map<Integer, String> NAMES = names();

    private final StringBuilder out = new StringBuilder();
    private final String id;
    private int clips;

    SvgCanvas(String id) {
        this.id = id;
    }

    private static Map<Integer, String> names() {
        Map<Integer, String> names = new HashMap<>(Map.of(
                rgb(Palette.PAPER), "paper",
                rgb(Palette.INK), "ink",
                rgb(Palette.MUTED), "muted",
                rgb(Palette.AXIS), "axis",
                rgb(Palette.GRID), "grid",
                rgb(Palette.EMPTY), "empty",
                rgb(Palette.RIGHT), "right",
                rgb(Palette.WRONG), "wrong"));
        for (int i = 0; i < Palette.seriesCount(); i++) {
            names.put(rgb(Palette.series(i)), "s" + i);
        }
        return Map.copyOf(names);
    }

    private static int rgb(Color color) {
        return color.getRGB() & 0xffffff;
    }

    String element(double width, double height, String description) {
        return String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %s %s\" role=\"img\" aria-label=\"%s\" class=\"chart\">%s</svg>",
                number(width),
                number(height),
                XmlText.escape(description),
                out);
    }

    @Override
    void at(double x, double y, Runnable drawing) {
        out.append("<g transform=\"translate(%s %s)\">".formatted(number(x), number(y)));
        drawing.run();
        out.append("</g>");
    }

    @Override
    void clipped(double x, double y, double width, double height, Runnable drawing) {
        String name = id + "-clip" + clips++;
        out.append("<clipPath id=\"%s\"><rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\"/></clipPath>"
                .formatted(name, number(x), number(y), number(width), number(height)));
        out.append("<g clip-path=\"url(#").append(name).append(")\">");
        drawing.run();
        out.append("</g>");
    }

    @Override
    void fill(Shape shape, Color color) {
        shape(shape, paint("fill", color));
    }

    @Override
    void stroke(Shape shape, Color color, double width) {
        shape(
                shape,
                "fill=\"none\" stroke-linecap=\"round\" stroke-linejoin=\"round\" stroke-width=\"" + number(width)
                        + "\" " + paint("stroke", color));
    }

    private void shape(Shape shape, String paint) {
        switch (shape) {
            case Rectangle2D box ->
                out.append("<rect x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" %s/>"
                        .formatted(
                                number(box.getX()),
                                number(box.getY()),
                                number(box.getWidth()),
                                number(box.getHeight()),
                                paint));
            case Ellipse2D round ->
                out.append("<ellipse cx=\"%s\" cy=\"%s\" rx=\"%s\" ry=\"%s\" %s/>"
                        .formatted(
                                number(round.getCenterX()),
                                number(round.getCenterY()),
                                number(round.getWidth() / 2),
                                number(round.getHeight() / 2),
                                paint));
            default -> out.append("<path d=\"%s\" %s/>".formatted(path(shape), paint));
        }
    }

    private static String path(Shape shape) {
        StringBuilder path = new StringBuilder();
        double[] at = new double[6];
        for (PathIterator parts = shape.getPathIterator(null, 0.1); !parts.isDone(); parts.next()) {
            switch (parts.currentSegment(at)) {
                case PathIterator.SEG_MOVETO -> path.append('M').append(point(at));
                case PathIterator.SEG_LINETO -> path.append('L').append(point(at));
                default -> path.append('Z');
            }
        }
        return path.toString();
    }

    private static String point(double[] at) {
        return number(at[0]) + " " + number(at[1]);
    }

    @Override
    void line(double x0, double y0, double x1, double y1, Color color, double width) {
        line(x0, y0, x1, y1, "stroke-width=\"" + number(width) + "\" " + paint("stroke", color));
    }

    @Override
    void dashed(double x0, double y0, double x1, double y1, Color color) {
        line(x0, y0, x1, y1, "stroke-width=\"1.2\" stroke-dasharray=\"5 4\" " + paint("stroke", color));
    }

    private void line(double x0, double y0, double x1, double y1, String paint) {
        out.append("<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" %s/>"
                .formatted(number(x0), number(y0), number(x1), number(y1), paint));
    }

    @Override
    void picture(BufferedImage picture, double x, double y, double width, double height) {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "png", png);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        out.append("<image x=\"%s\" y=\"%s\" width=\"%s\" height=\"%s\" href=\"data:image/png;base64,%s\"/>"
                .formatted(
                        number(x),
                        number(y),
                        number(width),
                        number(height),
                        Base64.getEncoder().encodeToString(png.toByteArray())));
    }

    @Override
    void text(String text, double x, double y, Align align, Style style, Color color) {
        out.append("<text x=\"%s\" y=\"%s\" %s>%s</text>"
                .formatted(
                        number(x),
                        number(y + style.capHeight() / 2),
                        lettered(align, style, color),
                        XmlText.escape(text)));
    }

    @Override
    void turned(String text, double x, double y, double angle, Align align, Style style, Color color) {
        out.append("<text transform=\"translate(%s %s) rotate(%s)\" y=\"%s\" %s>%s</text>"
                .formatted(
                        number(x),
                        number(y),
                        number(angle),
                        number(style.capHeight() / 2),
                        lettered(align, style, color),
                        XmlText.escape(text)));
    }

    private static String lettered(Align align, Style style, Color color) {
        String anchor = switch (align) {
            case LEFT -> "";
            case CENTER -> "text-anchor=\"middle\" ";
            case RIGHT -> "text-anchor=\"end\" ";
        };
        return anchor + "font-size=\"" + number(style.size()) + "\" " + (style.bold() ? "font-weight=\"600\" " : "")
                + paint("fill", color);
    }

    private static String paint(String what, Color color) {
        String name = NAMES.get(rgb(color));
        String value = name == null ? String.format(Locale.ROOT, "#%06x", rgb(color)) : "var(--" + name + ")";
        String opacity =
                color.getAlpha() == 255 ? "" : " " + what + "-opacity=\"" + number(color.getAlpha() / 255.0) + "\"";
        return what + "=\"" + value + "\"" + opacity;
    }

    /** At most two decimals, none where none are needed. */
    private static String number(double value) {
        double rounded = Math.rint(value * 100) / 100;
        return rounded == Math.rint(rounded) ? Long.toString((long) rounded) : Double.toString(rounded);
    }
}
