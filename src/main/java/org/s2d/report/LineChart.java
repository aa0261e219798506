package org.s2d.report;

import java.awt.geom.Ellipse2D;
import java.awt.geom.Path2D;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Curves over steps or epochs. The legend stands (for two and more series) between title and plot, where it hides no data; a series with one
 * point is drawn as a dot; values that are not finite leave a gap.
 *
 * @param title may be empty
 * @param series at most eight, each with its own colour
 * @param scale of the y axis
 * @param marks dashed vertical lines, for instance at the best epoch
 * @param size texts have one size, so a smaller chart has larger texts for its width
 */
public record LineChart(
        String title, String xLabel, String yLabel, List<Series> series, Scale scale, List<Mark> marks, Size size)
        implements Chart {
    private static final double RIGHT = 22;
    private static final double BOTTOM = 52;
    private static final double LEGEND_ROW = 18;

    /** What the y axis shows. */
    public enum Scale {
        /** Ends from the data. */
        LINEAR,
        /** From 0 to 100, for rates in percent. */
        PERCENT,
        /** Powers of ten; values that are not positive leave a gap. */
        LOG
    }

    /** Logical pixels. */
    public enum Size {
        /** For a file of its own. */
        WIDE(640, 360),
        /** For a page that is also read on a phone. */
        COMPACT(430, 300);

        private final double width;
        private final double height;

        Size(double width, double height) {
            this.width = width;
            this.height = height;
        }
    }

    /** A dashed vertical line at x with a short text. */
    public record Mark(double x, String text) {}

    /**
     * One curve.
     *
     * @param smoothing 0 draws the values; s in (0, 1) draws them pale and over them the exponential mean
     *     m = s m + (1 - s) y, corrected for its start
     */
    @SuppressWarnings("ArrayRecordComponent") // Only drawn, never compared.
    public record Series(String name, double[] x, double[] y, double smoothing) {
        public Series {
            if (x.length != y.length) {
                throw new IllegalArgumentException(name + ": " + x.length + " x values for " + y.length + " y values");
            }
            if (!(smoothing >= 0 && smoothing < 1)) {
                throw new IllegalArgumentException(name + ": smoothing " + smoothing + " is not in [0, 1)");
            }
        }

        public Series(String name, double[] x, double[] y) {
            this(name, x, y, 0);
        }

        /** At most so many points: neighbours are averaged, and smoothing reaches as far as before. */
        Series reduced(int most) {
            int block = Math.ceilDiv(Math.max(1, x.length), most);
            if (block == 1) {
                return this;
            }
            int count = Math.ceilDiv(x.length, block);
            double[] means = new double[count];
            double[] ends = new double[count];
            for (int i = 0; i < count; i++) {
                int from = i * block;
                int to = Math.min(x.length, from + block);
                means[i] = Arrays.stream(y, from, to)
                        .filter(Double::isFinite)
                        .average()
                        .orElse(Double.NaN);
                ends[i] = x[to - 1];
            }
            return new Series(name, ends, means, Math.pow(smoothing, block));
        }

        /** The curve that is drawn in full colour. */
        public double[] smoothed() {
            double[] result = new double[y.length];
            double mean = 0;
            double weight = 0;
            for (int i = 0; i < y.length; i++) {
                if (Double.isFinite(y[i])) {
                    mean = smoothing * mean + (1 - smoothing) * y[i];
                    weight = smoothing * weight + (1 - smoothing);
                }
                result[i] = Double.isFinite(y[i]) ? mean / weight : Double.NaN;
            }
            return result;
        }
    }

    public LineChart {
        series = List.copyOf(series);
        marks = List.copyOf(marks);
    }

    public LineChart(String title, String xLabel, String yLabel, List<Series> series) {
        this(title, xLabel, yLabel, series, Scale.LINEAR, List.of(), Size.WIDE);
    }

    public LineChart withScale(Scale newScale) {
        return new LineChart(title, xLabel, yLabel, series, newScale, marks, size);
    }

    public LineChart withSize(Size newSize) {
        return new LineChart(title, xLabel, yLabel, series, scale, marks, newSize);
    }

    /** With at most so many points in each series. */
    public LineChart reduced(int most) {
        List<Series> fewer = series.stream().map(one -> one.reduced(most)).toList();
        return new LineChart(title, xLabel, yLabel, fewer, scale, marks, size);
    }

    public LineChart withTitle(String newTitle) {
        return new LineChart(newTitle, xLabel, yLabel, series, scale, marks, size);
    }

    public LineChart withMark(double x, String text) {
        List<Mark> more = new ArrayList<>(marks);
        more.add(new Mark(x, text));
        return new LineChart(title, xLabel, yLabel, series, scale, more, size);
    }

    @Override
    public double width() {
        return size.width;
    }

    @Override
    public double height() {
        return size.height;
    }

    @Override
    public void draw(Canvas canvas) {
        double top = drawHead(canvas);
        double plotHeight = height() - BOTTOM - top;
        Ticks yTicks = yTicks((int) Math.clamp(plotHeight / 42, 2, 8));
        double left = 34
                + yTicks.labels().stream()
                        .mapToDouble(t -> canvas.width(t, Style.SMALL))
                        .max()
                        .orElse(0);
        double plotWidth = width() - RIGHT - left;
        Ticks xTicks = xTicks((int) (plotWidth / 70));
        DoubleUnaryOperator toX = x -> left + (x - xTicks.low()) / (xTicks.high() - xTicks.low()) * plotWidth;
        DoubleUnaryOperator toY = y -> top + plotHeight * (1 - position(y, yTicks));

        for (int i = 0; i < yTicks.values().size(); i++) {
            double y = toY.applyAsDouble(yTicks.values().get(i));
            canvas.line(left, y, left + plotWidth, y, Palette.GRID, 1);
            canvas.text(yTicks.labels().get(i), left - 8, y, Canvas.Align.RIGHT, Style.SMALL, Palette.MUTED);
        }
        double bottom = top + plotHeight;
        for (int i = 0; i < xTicks.values().size(); i++) {
            double x = toX.applyAsDouble(xTicks.values().get(i));
            canvas.line(x, bottom, x, bottom + 4, Palette.AXIS, 1);
            canvas.text(xTicks.labels().get(i), x, bottom + 15, Canvas.Align.CENTER, Style.SMALL, Palette.MUTED);
        }
        canvas.line(left, bottom, left + plotWidth, bottom, Palette.AXIS, 1);
        canvas.text(
                withFactor(xLabel, xTicks),
                left + plotWidth / 2,
                height() - 16,
                Canvas.Align.CENTER,
                Style.LABEL,
                Palette.INK);
        canvas.turned(
                withFactor(yLabel, yTicks),
                15,
                top + plotHeight / 2,
                -90,
                Canvas.Align.CENTER,
                Style.LABEL,
                Palette.INK);

        marks.forEach(mark -> drawMark(canvas, mark, toX.applyAsDouble(mark.x()), left, plotWidth, top, bottom));
        canvas.clipped(left - 4, top - 4, plotWidth + 8, plotHeight + 8, () -> drawSeries(canvas, toX, toY));
        if (finite(1).length == 0) {
            canvas.text(
                    "no values",
                    left + plotWidth / 2,
                    top + plotHeight / 2,
                    Canvas.Align.CENTER,
                    Style.LABEL,
                    Palette.MUTED);
        }
    }

    /** Title and legend. Returns where the plot begins. */
    private double drawHead(Canvas canvas) {
        double y = title.isEmpty() ? 11 : 20;
        if (!title.isEmpty()) {
            canvas.text(
                    canvas.fit(title, width() - 40, Style.TITLE), 20, y, Canvas.Align.LEFT, Style.TITLE, Palette.INK);
            y += 24;
        }
        double x = 20;
        for (int i = 0; legend() && i < series.size(); i++) {
            String name = canvas.fit(series.get(i).name(), width() - 80, Style.LABEL);
            double entry = 24 + canvas.width(name, Style.LABEL) + 18;
            if (x > 20 && x + entry > width() - 10) {
                x = 20;
                y += LEGEND_ROW;
            }
            canvas.line(x, y, x + 18, y, Palette.series(i), 3);
            canvas.text(name, x + 24, y, Canvas.Align.LEFT, Style.LABEL, Palette.INK);
            x += entry;
        }
        // Room for the texts of marks, which stand on top of the plot.
        return y + (legend() ? LEGEND_ROW : 0) + (marks.isEmpty() ? 4 : 16);
    }

    /** A single curve is named by title and axis. */
    private boolean legend() {
        return series.size() > 1;
    }

    private void drawMark(
            Canvas canvas, Mark mark, double x, double left, double plotWidth, double top, double bottom) {
        canvas.dashed(x, top, x, bottom, Palette.MUTED);
        double half = canvas.width(mark.text(), Style.SMALL) / 2;
        double textX = Math.max(left + half, Math.min(x, left + plotWidth - half));
        canvas.text(mark.text(), textX, top - 10, Canvas.Align.CENTER, Style.SMALL, Palette.MUTED);
    }

    private void drawSeries(Canvas canvas, DoubleUnaryOperator toX, DoubleUnaryOperator toY) {
        for (int i = 0; i < series.size(); i++) {
            Series one = series.get(i);
            if (one.smoothing() > 0) {
                drawCurve(canvas, one.x(), one.y(), toX, toY, i, true);
            }
        }
        for (int i = 0; i < series.size(); i++) {
            Series one = series.get(i);
            drawCurve(canvas, one.x(), one.smoothing() > 0 ? one.smoothed() : one.y(), toX, toY, i, false);
        }
    }

    private void drawCurve(
            Canvas canvas,
            double[] xs,
            double[] ys,
            DoubleUnaryOperator toX,
            DoubleUnaryOperator toY,
            int index,
            boolean pale) {
        var color = pale ? Palette.pale(Palette.series(index)) : Palette.series(index);
        Path2D path = new Path2D.Double();
        boolean pen = false;
        for (int i = 0; i < xs.length; i++) {
            boolean shown = shown(ys[i]);
            if (shown) {
                double x = toX.applyAsDouble(xs[i]);
                double y = toY.applyAsDouble(ys[i]);
                if (pen) {
                    path.lineTo(x, y);
                } else {
                    path.moveTo(x, y);
                }
                boolean alone = !pen && (i + 1 == xs.length || !shown(ys[i + 1]));
                if (!pale && (alone || xs.length <= 40)) {
                    double radius = alone ? 3.5 : 2.4;
                    canvas.fill(new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius), color);
                }
            }
            pen = shown;
        }
        canvas.stroke(path, color, pale ? 1 : 2);
    }

    private boolean shown(double y) {
        return Double.isFinite(y) && (scale != Scale.LOG || y > 0);
    }

    private double position(double y, Ticks ticks) {
        return scale == Scale.LOG
                ? Math.log(y / ticks.low()) / Math.log(ticks.high() / ticks.low())
                : (y - ticks.low()) / (ticks.high() - ticks.low());
    }

    private Ticks yTicks(int wanted) {
        double[] values = finite(1);
        double low = values.length == 0 ? 1 : values[0];
        double high = values.length == 0 ? 1 : values[values.length - 1];
        return switch (scale) {
            case LINEAR -> Ticks.around(low, high, wanted);
            case PERCENT -> Ticks.inside(0, 100, Math.max(wanted, 5));
            case LOG -> Ticks.powersOfTen(low, high);
        };
    }

    private Ticks xTicks(int wanted) {
        double[] values = finite(0);
        double low = values.length == 0 ? 0 : values[0];
        double high = values.length == 0 ? 1 : values[values.length - 1];
        boolean whole = Arrays.stream(values).allMatch(x -> x == Math.rint(x));
        return whole ? Ticks.whole(low, high, wanted) : Ticks.inside(low, low < high ? high : low + 1, wanted);
    }

    /** All drawn x (axis 0) or y (axis 1) values, ascending. */
    private double[] finite(int axis) {
        return series.stream()
                .flatMapToDouble(one -> java.util.stream.IntStream.range(0, one.x().length)
                        .filter(i -> shown(one.y()[i]))
                        .mapToDouble(i -> axis == 0 ? one.x()[i] : one.y()[i]))
                .sorted()
                .toArray();
    }

    private static String withFactor(String label, Ticks ticks) {
        return ticks.factor().isEmpty() ? label : label + " (" + ticks.factor() + ")";
    }
}
