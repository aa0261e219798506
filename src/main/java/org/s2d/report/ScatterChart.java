package org.s2d.report;

import java.awt.Color;
import java.awt.Shape;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.util.Arrays;
import java.util.List;

/**
 * Points in a plane without axes, each with the colour and the form of its class: filled where the model was right, hollow where it was
 * wrong.
 *
 * @param places [n][2]
 * @param classes of the points
 * @param right whether the point's prediction is its class
 */
@SuppressWarnings("ArrayRecordComponent") // Only drawn, never compared.
public record ScatterChart(String title, List<String> classNames, double[][] places, int[] classes, boolean[] right)
        implements Chart {
    private static final double SIDE = 430;
    private static final double MARGIN = 16;
    private static final double LEGEND_ROW = 19;
    private static final int FORMS = 4;

    public ScatterChart {
        classNames = List.copyOf(classNames);
        if (classes.length != places.length || right.length != places.length) {
            throw new IllegalArgumentException(
                    places.length + " places, " + classes.length + " classes, " + right.length + " verdicts");
        }
    }

    @Override
    public double width() {
        return SIDE;
    }

    @Override
    public double height() {
        return head() + box() + MARGIN;
    }

    /** Height of the points' room: as flat or as high as they are, within limits. */
    private double box() {
        double[] span = span();
        return (SIDE - MARGIN) * Math.clamp(span[1] / Math.max(span[0], 1e-12), 0.5, 1);
    }

    private double[] span() {
        double[] span = new double[2];
        Arrays.setAll(span, k -> high(k) - low(k));
        return span;
    }

    private double low(int axis) {
        return Arrays.stream(places).mapToDouble(place -> place[axis]).min().orElse(0);
    }

    private double high(int axis) {
        return Arrays.stream(places).mapToDouble(place -> place[axis]).max().orElse(0);
    }

    private double head() {
        int rows = 1;
        double x = MARGIN;
        for (String name : classNames) {
            double entry = entryWidth(name);
            if (x > MARGIN && x + entry > SIDE - 4) {
                x = MARGIN;
                rows++;
            }
            x += entry;
        }
        return (title.isEmpty() ? 6 : 34) + (rows + 1) * LEGEND_ROW + 4;
    }

    private static double entryWidth(String name) {
        return 16 + Lettering.best().width(name, Style.LABEL) + 12;
    }

    @Override
    public void draw(Canvas canvas) {
        double y = title.isEmpty() ? 14 : 42;
        if (!title.isEmpty()) {
            canvas.text(
                    canvas.fit(title, SIDE - 32, Style.TITLE), MARGIN, 20, Canvas.Align.LEFT, Style.TITLE, Palette.INK);
        }
        double x = MARGIN;
        for (int c = 0; c < classNames.size(); c++) {
            double entry = entryWidth(classNames.get(c));
            if (x > MARGIN && x + entry > SIDE - 4) {
                x = MARGIN;
                y += LEGEND_ROW;
            }
            mark(canvas, c, x + 5, y, 4.6, true);
            canvas.text(classNames.get(c), x + 15, y, Canvas.Align.LEFT, Style.LABEL, Palette.INK);
            x += entry;
        }
        canvas.text(
                "filled: predicted right, hollow: wrong",
                MARGIN,
                y + LEGEND_ROW,
                Canvas.Align.LEFT,
                Style.SMALL,
                Palette.MUTED);
        canvas.stroke(new Rectangle2D.Double(MARGIN / 2, head(), SIDE - MARGIN, box()), Palette.GRID, 1);
        drawPoints(canvas, head() + box() / 2);
    }

    private void drawPoints(Canvas canvas, double centreY) {
        double[] span = span();
        double border = 12;
        double scale = Math.min(
                (SIDE - MARGIN - 2 * border) / Math.max(span[0], 1e-12),
                (box() - 2 * border) / Math.max(span[1], 1e-12));
        double size = places.length > 1200 ? 2.2 : places.length > 400 ? 2.9 : 3.8;
        double middleX = (low(0) + high(0)) / 2;
        double middleY = (low(1) + high(1)) / 2;
        for (int i = 0; i < places.length; i++) {
            double x = SIDE / 2 + (places[i][0] - middleX) * scale;
            double y = centreY - (places[i][1] - middleY) * scale;
            mark(canvas, classes[i], x, y, size, right[i]);
        }
    }

    private static void mark(Canvas canvas, int index, double x, double y, double size, boolean filled) {
        Color color = Palette.series(index);
        Shape form = switch (index % FORMS) {
            case 0 -> new Ellipse2D.Double(x - size, y - size, 2 * size, 2 * size);
            case 1 -> new Rectangle2D.Double(x - 0.9 * size, y - 0.9 * size, 1.8 * size, 1.8 * size);
            case 2 -> polygon(x, y - 1.2 * size, x + 1.15 * size, y + 0.9 * size, x - 1.15 * size, y + 0.9 * size);
            default -> polygon(x, y - 1.3 * size, x + 1.3 * size, y, x, y + 1.3 * size, x - 1.3 * size, y);
        };
        if (filled) {
            canvas.fill(form, color);
        } else {
            canvas.stroke(form, color, 1.1);
        }
    }

    private static Shape polygon(double... corners) {
        Path2D path = new Path2D.Double();
        path.moveTo(corners[0], corners[1]);
        for (int i = 2; i < corners.length; i += 2) {
            path.lineTo(corners[i], corners[i + 1]);
        }
        path.closePath();
        return path;
    }
}
