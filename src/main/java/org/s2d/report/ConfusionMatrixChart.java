package org.s2d.report;

import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Confusion matrix: rows are true classes, columns predicted ones; colour and percent are shares of the row, the small
 * number is the count. UAR (mean recall over the classes that occur) and WAR (accuracy) stand under the title.
 *
 * @param counts counts[t][p] samples of class t predicted as p
 */
@SuppressWarnings("ArrayRecordComponent") // Only drawn, never compared.
public record ConfusionMatrixChart(String title, List<String> classNames, long[][] counts) implements Chart {
    private static final double TOP = 62;
    private static final double BAR = 84;

    public ConfusionMatrixChart {
        classNames = List.copyOf(classNames);
        int classes = classNames.size();
        if (counts.length != classes || Arrays.stream(counts).anyMatch(row -> row.length != classes)) {
            throw new IllegalArgumentException("a confusion matrix of " + classes + " classes needs " + classes + " x "
                    + classes + " counts, not " + counts.length + " rows");
        }
        counts = Arrays.stream(counts).map(long[]::clone).toArray(long[][]::new);
    }

    /** Mean of the recalls of the classes that occur, in [0, 1]; NaN without samples. */
    public double uar() {
        return java.util.stream.IntStream.range(0, counts.length)
                .filter(i -> total(i) > 0)
                .mapToDouble(i -> (double) counts[i][i] / total(i))
                .average()
                .orElse(Double.NaN);
    }

    /** Share of samples on the diagonal, in [0, 1]; NaN without samples. */
    public double war() {
        long right = 0;
        long all = 0;
        for (int i = 0; i < counts.length; i++) {
            right += counts[i][i];
            all += total(i);
        }
        return all == 0 ? Double.NaN : (double) right / all;
    }

    @Override
    public double width() {
        return Math.max(left() + cell() * counts.length + BAR, 420);
    }

    @Override
    public double height() {
        return TOP + 22 + cell() * counts.length + labelDepth() + 34;
    }

    @Override
    public void draw(Canvas canvas) {
        canvas.text(canvas.fit(title, width() - 40, Style.TITLE), 20, 20, Canvas.Align.LEFT, Style.TITLE, Palette.INK);
        canvas.text(subtitle(), 20, 43, Canvas.Align.LEFT, Style.LABEL, Palette.MUTED);
        double left = left();
        double size = cell() * counts.length;
        canvas.text("predicted", left + size / 2, TOP + 8, Canvas.Align.CENTER, Style.STRONG, Palette.INK);
        double top = TOP + 22;
        canvas.turned("true", 16, top + size / 2, -90, Canvas.Align.CENTER, Style.STRONG, Palette.INK);
        for (int row = 0; row < counts.length; row++) {
            drawRow(canvas, row, left, top + row * cell());
        }
        canvas.stroke(new Rectangle2D.Double(left, top, size, size), Palette.AXIS, 1);
        drawColumnNames(canvas, left, top + size + 14);
        canvas.text(
                "percent of the true class, and the count",
                20,
                height() - 16,
                Canvas.Align.LEFT,
                Style.SMALL,
                Palette.MUTED);
        drawColourBar(canvas, left + size + 22, top, Math.min(size, 260));
    }

    private void drawRow(Canvas canvas, int row, double left, double y) {
        double cell = cell();
        long total = total(row);
        double middle = y + cell / 2;
        canvas.text(classNames.get(row), left - 10, middle - 6, Canvas.Align.RIGHT, Style.LABEL, Palette.INK);
        canvas.text("n = " + total, left - 10, middle + 9, Canvas.Align.RIGHT, Style.SMALL, Palette.MUTED);
        for (int column = 0; column < counts.length; column++) {
            double x = left + column * cell;
            double share = total == 0 ? 0 : (double) counts[row][column] / total;
            Color background = total == 0 ? Palette.EMPTY : Palette.share(share);
            canvas.rect(x, y, cell, cell, background);
            canvas.stroke(new Rectangle2D.Double(x, y, cell, cell), Palette.PAPER, 1);
            Color ink = Palette.textOn(background);
            if (total == 0) {
                canvas.text("–", x + cell / 2, middle, Canvas.Align.CENTER, Style.LABEL, Palette.MUTED);
            } else {
                Style style = row == column ? Style.STRONG : Style.LABEL;
                canvas.text(percent(share), x + cell / 2, middle - 6, Canvas.Align.CENTER, style, ink);
                String count = Long.toString(counts[row][column]);
                canvas.text(count, x + cell / 2, middle + 9, Canvas.Align.CENTER, Style.SMALL, ink);
            }
        }
    }

    private void drawColumnNames(Canvas canvas, double left, double y) {
        for (int column = 0; column < counts.length; column++) {
            double x = left + (column + 0.5) * cell();
            String name = classNames.get(column);
            if (slanted()) {
                canvas.turned(name, x + 4, y - 2, -40, Canvas.Align.RIGHT, Style.LABEL, Palette.INK);
            } else {
                canvas.text(name, x, y, Canvas.Align.CENTER, Style.LABEL, Palette.INK);
            }
        }
    }

    private void drawColourBar(Canvas canvas, double x, double y, double height) {
        int steps = (int) (height * RasterCanvas.SCALE);
        for (int i = 0; i < steps; i++) {
            double share = 1 - (i + 0.5) / steps;
            canvas.rect(x, y + i * height / steps, 12, height / steps + 0.5, Palette.share(share));
        }
        canvas.stroke(new Rectangle2D.Double(x, y, 12, height), Palette.AXIS, 1);
        for (int tick = 0; tick <= 4; tick++) {
            double tickY = y + height * (1 - tick / 4.0);
            canvas.text(25 * tick + " %", x + 18, tickY, Canvas.Align.LEFT, Style.SMALL, Palette.MUTED);
        }
    }

    private String subtitle() {
        long samples = Arrays.stream(counts).flatMapToLong(Arrays::stream).sum();
        long present = Arrays.stream(counts)
                .filter(row -> Arrays.stream(row).sum() > 0)
                .count();
        String rates = samples == 0
                ? "no samples"
                : String.format(
                        Locale.ROOT, "UAR %.1f %%    WAR %.1f %%    %,d samples", 100 * uar(), 100 * war(), samples);
        return samples == 0 || present == counts.length
                ? rates
                : rates + "    UAR over the " + present + " of " + counts.length + " classes that occur";
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, share > 0 && share < 0.0995 ? "%.1f" : "%.0f", 100 * share);
    }

    private long total(int row) {
        return Arrays.stream(counts[row]).sum();
    }

    private double cell() {
        return counts.length <= 8 ? 62 : counts.length <= 14 ? 50 : 42;
    }

    private double longestName() {
        Lettering lettering = Lettering.best();
        return classNames.stream()
                .mapToDouble(name -> lettering.width(name, Style.LABEL))
                .max()
                .orElse(0);
    }

    private double left() {
        return 40 + Math.max(longestName(), 44);
    }

    private boolean slanted() {
        return longestName() > cell() - 6;
    }

    private double labelDepth() {
        return slanted() ? 14 + longestName() * Math.sin(Math.toRadians(40)) + 8 : 26;
    }
}
