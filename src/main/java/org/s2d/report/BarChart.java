package org.s2d.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Rates in percent as horizontal bars, one group for each name (class), one bar in it for each series (model).
 *
 * @param names of the groups, from top to bottom
 * @param series one colour each; the legend is left out for a single series
 * @param reference a dashed line with a text, for instance chance level; null for none
 */
public record BarChart(
        String title,
        String valueLabel,
        List<String> names,
        List<Series> series,
        LineChart.@org.jspecify.annotations.Nullable Mark reference)
        implements Chart {
    private static final double PLOT = 420;
    private static final double BAR = 15;
    private static final double GROUP_GAP = 11;
    private static final double BOTTOM = 50;

    /**
     * Values in [0, 1], drawn as percent; NaN is drawn as an absent bar.
     *
     * @param low lower ends of confidence intervals, or empty
     * @param high upper ends of confidence intervals, or empty
     */
    @SuppressWarnings("ArrayRecordComponent") // Only drawn, never compared.
    public record Series(String name, double[] values, double[] low, double[] high) {
        public Series(String name, double[] values) {
            this(name, values, new double[0], new double[0]);
        }
    }

    public BarChart {
        names = List.copyOf(names);
        series = List.copyOf(series);
        for (Series one : series) {
            boolean intervals = one.low().length == one.high().length
                    && (one.low().length == 0 || one.low().length == names.size());
            if (one.values().length != names.size() || !intervals) {
                throw new IllegalArgumentException(one.name() + ": needs one value for each of " + names.size()
                        + " names, and none or as many interval ends");
            }
        }
    }

    public BarChart(String title, String valueLabel, List<String> names, List<Series> series) {
        this(title, valueLabel, names, series, null);
    }

    public BarChart withReference(double value, String text) {
        return new BarChart(title, valueLabel, names, series, new LineChart.Mark(value, text));
    }

    @Override
    public double width() {
        return left() + PLOT + 62;
    }

    @Override
    public double height() {
        return top() + plotHeight() + BOTTOM;
    }

    @Override
    public void draw(Canvas canvas) {
        canvas.text(canvas.fit(title, width() - 40, Style.TITLE), 20, 20, Canvas.Align.LEFT, Style.TITLE, Palette.INK);
        drawLegend(canvas);
        double left = left();
        double top = top();
        double bottom = top + plotHeight();
        for (int percent = 0; percent <= 100; percent += 20) {
            double x = left + PLOT * percent / 100;
            canvas.line(x, top, x, bottom, Palette.GRID, 1);
            canvas.text("" + percent, x, bottom + 13, Canvas.Align.CENTER, Style.SMALL, Palette.MUTED);
        }
        for (int group = 0; group < names.size(); group++) {
            double y = top + GROUP_GAP / 2 + group * groupHeight();
            double middle = y + BAR * series.size() / 2;
            canvas.text(names.get(group), left - 10, middle, Canvas.Align.RIGHT, Style.LABEL, Palette.INK);
            for (int i = 0; i < series.size(); i++) {
                drawBar(canvas, series.get(i), i, group, left, y + i * BAR);
            }
        }
        drawReference(canvas, left, top, bottom);
        for (int group = 0; group < names.size(); group++) {
            for (int i = 0; i < series.size(); i++) {
                double y = top + GROUP_GAP / 2 + group * groupHeight() + i * BAR;
                drawNumber(canvas, series.get(i), group, left, y);
            }
        }
        canvas.line(left, top, left, bottom, Palette.AXIS, 1);
        canvas.text(valueLabel, left + PLOT / 2, bottom + 33, Canvas.Align.CENTER, Style.LABEL, Palette.INK);
    }

    private void drawBar(Canvas canvas, Series one, int index, int group, double left, double y) {
        double value = one.values()[group];
        if (!Double.isFinite(value)) {
            return;
        }
        canvas.rect(left, y + 1, PLOT * value, BAR - 2, Palette.series(index));
        if (one.low().length > 0) {
            double middle = y + BAR / 2;
            double low = left + PLOT * one.low()[group];
            double high = left + PLOT * one.high()[group];
            canvas.line(low, middle, high, middle, Palette.PAPER, 3.2);
            canvas.line(low, middle, high, middle, Palette.INK, 1.4);
            canvas.line(low, middle - 3, low, middle + 3, Palette.INK, 1.2);
            canvas.line(high, middle - 3, high, middle + 3, Palette.INK, 1.2);
        }
    }

    private void drawReference(Canvas canvas, double left, double top, double bottom) {
        if (reference != null) {
            double x = left + PLOT * reference.x();
            canvas.dashed(x, top, x, bottom, Palette.INK);
            canvas.text(reference.text(), x, top - 9, Canvas.Align.CENTER, Style.SMALL, Palette.INK);
        }
    }

    private static void drawNumber(Canvas canvas, Series one, int group, double left, double y) {
        double value = one.values()[group];
        boolean known = Double.isFinite(value);
        String text = known ? String.format(Locale.ROOT, "%.1f", 100 * value) : "no samples";
        double reach = !known ? 0 : one.high().length > 0 ? Math.max(value, one.high()[group]) : value;
        double end = left + PLOT * reach;
        // A white ground keeps the number readable where grid or reference line runs behind it.
        canvas.rect(end + 4, y + 1, canvas.width(text, Style.SMALL) + 4, BAR - 2, Palette.PAPER);
        canvas.text(text, end + 6, y + BAR / 2, Canvas.Align.LEFT, Style.SMALL, Palette.INK);
    }

    private void drawLegend(Canvas canvas) {
        double x = 20;
        for (int i = 0; series.size() > 1 && i < series.size(); i++) {
            canvas.rect(x, 40, 12, 11, Palette.series(i));
            canvas.text(series.get(i).name(), x + 18, 45, Canvas.Align.LEFT, Style.LABEL, Palette.INK);
            x += 18 + canvas.width(series.get(i).name(), Style.LABEL) + 20;
        }
    }

    private double left() {
        Lettering lettering = Lettering.best();
        List<Double> widths = new ArrayList<>(List.of(20.0));
        names.forEach(name -> widths.add(lettering.width(name, Style.LABEL)));
        return 30 + widths.stream().mapToDouble(Double::doubleValue).max().orElse(0);
    }

    private double top() {
        return 38 + (series.size() > 1 ? 22 : 0) + (reference == null ? 0 : 16);
    }

    private double groupHeight() {
        return BAR * Math.max(1, series.size()) + GROUP_GAP;
    }

    private double plotHeight() {
        return groupHeight() * Math.max(1, names.size());
    }
}
