package org.s2d.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.awt.geom.RoundRectangle2D;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Draws what was recognised onto a picture: a box per face, its landmarks, and bars of the probabilities beside it. */
public final class FaceOverlay {
    private static final Color PANEL = new Color(0x10, 0x14, 0x1C, 0xB8);
    private static final Color TRACK = new Color(0xFF, 0xFF, 0xFF, 0x38);
    private static final double ROW = 15;
    private static final double BAR = 62;
    private static final double GAP = 6;
    private static final Style TEXT = new Style(10.5, false);
    private static final Style TOP = new Style(10.5, true);

    private FaceOverlay() {}

    /**
     * A face to draw; places in pixels of the picture.
     *
     * @param number of the person, from 0; chooses the colour
     * @param points landmarks as {x, y}; may be empty
     * @param bars probabilities of the classes in the order to draw; empty: only the box
     */
    public record Face(int number, Rectangle2D box, List<double[]> points, List<Bar> bars) {}

    /** A class and its probability, 0 to 1. */
    public record Bar(String label, double value) {}

    /** Draws all faces onto the picture itself. */
    public static void draw(BufferedImage picture, List<Face> faces) {
        Graphics2D graphics = picture.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
        // Widths of texts are measured so.
        graphics.setRenderingHint(RenderingHints.KEY_FRACTIONALMETRICS, RenderingHints.VALUE_FRACTIONALMETRICS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        // Sizes are for a picture of 360 lines.
        double unit = Math.max(0.5, Math.min(picture.getWidth(), picture.getHeight()) / 360.0);
        graphics.scale(unit, unit);
        for (Face face : faces) {
            marks(graphics, face, unit);
        }
        boolean alone = faces.size() == 1;
        for (Face face : faces) {
            if (!face.bars().isEmpty()) {
                // With several people there is room for one bar each.
                List<Bar> bars = alone ? face.bars() : List.of(best(face));
                panel(graphics, face, bars, unit, picture.getWidth() / unit, picture.getHeight() / unit);
            }
        }
        graphics.dispose();
    }

    /** Writes a picture as PNG, in one step. */
    public static void write(BufferedImage picture, Path file) {
        Output.png(picture, file);
    }

    private static void marks(Graphics2D graphics, Face face, double unit) {
        Color color = Palette.series(face.number());
        Rectangle2D box = face.box();
        graphics.setColor(color);
        graphics.setStroke(new BasicStroke(2));
        graphics.draw(new RoundRectangle2D.Double(
                box.getX() / unit, box.getY() / unit, box.getWidth() / unit, box.getHeight() / unit, 6, 6));
        double radius = Math.clamp(box.getWidth() / unit / 90, 0.6, 1.6);
        for (double[] point : face.points()) {
            double x = point[0] / unit;
            double y = point[1] / unit;
            graphics.setColor(Color.WHITE);
            graphics.fill(new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius));
        }
    }

    private static Bar best(Face face) {
        return Collections.max(face.bars(), Comparator.comparingDouble(Bar::value));
    }

    /** One bar above the box; more beside it, where there is more room. Inside the picture in any case. */
    private static void panel(
            Graphics2D graphics, Face face, List<Bar> bars, double unit, double width, double height) {
        Lettering lettering = Lettering.best();
        double names = bars.stream()
                .mapToDouble(bar -> lettering.width(bar.label(), TOP))
                .max()
                .orElse(0);
        double panelWidth = names + BAR + 3 * GAP + lettering.width("100 %", TOP) + GAP;
        double panelHeight = bars.size() * ROW + GAP;
        double left = face.box().getMinX() / unit;
        double right = face.box().getMaxX() / unit;
        double top = face.box().getMinY() / unit;
        double beside = width - right >= left ? right + GAP : left - GAP - panelWidth;
        boolean above = bars.size() == 1;
        double x = Math.clamp(above ? left : beside, 0, Math.max(0, width - panelWidth));
        double y = Math.clamp(above ? top - panelHeight - 2 : top, 0, Math.max(0, height - panelHeight));
        graphics.setColor(PANEL);
        graphics.fill(new RoundRectangle2D.Double(x, y, panelWidth, panelHeight, 6, 6));
        Bar best = best(face);
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            Style style = bar.equals(best) ? TOP : TEXT;
            double middle = y + GAP / 2 + (i + 0.5) * ROW;
            double base = middle + style.capHeight() / 2;
            graphics.setColor(Color.WHITE);
            lettering.draw(graphics, bar.label(), x + GAP, base, style);
            double barX = x + names + 2 * GAP;
            graphics.setColor(TRACK);
            graphics.fill(new Rectangle2D.Double(barX, middle - 4, BAR, 8));
            graphics.setColor(bar.equals(best) ? Palette.series(face.number()) : Palette.AXIS);
            graphics.fill(new Rectangle2D.Double(barX, middle - 4, BAR * bar.value(), 8));
            graphics.setColor(Color.WHITE);
            String percent = String.format(Locale.ROOT, "%.0f %%", 100 * bar.value());
            lettering.draw(graphics, percent, barX + BAR + GAP, base, style);
        }
    }
}
