package org.s2d.report;

import java.util.List;
import java.util.stream.IntStream;

/** Charts in a grid, filled row by row, under one title (which may be empty). */
public record Figure(String title, int columns, List<Chart> charts) implements Chart {
    private static final double GAP = 10;

    public Figure {
        charts = List.copyOf(charts);
        if (columns < 1 || charts.isEmpty()) {
            throw new IllegalArgumentException("a figure needs a column and a chart");
        }
    }

    @Override
    public double width() {
        return IntStream.range(0, Math.min(columns, charts.size()))
                        .mapToDouble(this::columnWidth)
                        .sum()
                + GAP * (Math.min(columns, charts.size()) - 1);
    }

    @Override
    public double height() {
        int rows = Math.ceilDiv(charts.size(), columns);
        return headHeight()
                + IntStream.range(0, rows).mapToDouble(this::rowHeight).sum()
                + GAP * (rows - 1);
    }

    @Override
    public void draw(Canvas canvas) {
        if (!title.isEmpty()) {
            String shown = canvas.fit(title, width() - 40, Style.TITLE);
            canvas.text(shown, width() / 2, 20, Canvas.Align.CENTER, Style.TITLE, Palette.INK);
        }
        double y = headHeight();
        for (int row = 0; row * columns < charts.size(); row++) {
            double x = 0;
            for (int column = 0; column < columns && row * columns + column < charts.size(); column++) {
                Chart chart = charts.get(row * columns + column);
                canvas.at(x, y, () -> chart.draw(canvas));
                x += columnWidth(column) + GAP;
            }
            y += rowHeight(row) + GAP;
        }
    }

    private double headHeight() {
        return title.isEmpty() ? 0 : 34;
    }

    private double columnWidth(int column) {
        return IntStream.range(0, charts.size())
                .filter(i -> i % columns == column)
                .mapToDouble(i -> charts.get(i).width())
                .max()
                .orElse(0);
    }

    private double rowHeight(int row) {
        return charts.stream()
                .skip((long) row * columns)
                .limit(columns)
                .mapToDouble(Chart::height)
                .max()
                .orElse(0);
    }
}
