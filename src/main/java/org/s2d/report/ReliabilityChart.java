package org.s2d.report;

import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.Locale;
import org.s2d.data.metrics.Calibration;
import org.s2d.data.metrics.Interval;

/**
 * Reliability diagram: for each bin of confidence the part of its clips that is right, with 95 % interval, beside the diagonal on which a
 * model knows how sure it may be; pale blue what is right beyond the claim, orange what was claimed and is not right; below it how many
 * clips each bin has.
 */
public record ReliabilityChart(String title, Calibration calibration) implements Chart {
    private static final double WIDTH = 430;
    private static final double PLOT = 300;
    private static final double COUNTS = 56;
    private static final double LEFT = 62;
    private static final double RIGHT = 20;
    private static final double GAP = 26;
    private static final double BOTTOM = 48;

    @Override
    public double width() {
        return WIDTH;
    }

    @Override
    public double height() {
        return top() + PLOT + GAP + COUNTS + BOTTOM;
    }

    private double top() {
        return title.isEmpty() ? 34 : 58;
    }

    private static double plotWidth() {
        return WIDTH - LEFT - RIGHT;
    }

    @Override
    public void draw(Canvas canvas) {
        double y = 20;
        if (!title.isEmpty()) {
            canvas.text(canvas.fit(title, WIDTH - 40, Style.TITLE), 20, y, Canvas.Align.LEFT, Style.TITLE, Palette.INK);
            y += 23;
        }
        canvas.text(subtitle(), 20, title.isEmpty() ? 16 : y, Canvas.Align.LEFT, Style.LABEL, Palette.MUTED);
        double top = top();
        double bottom = top + PLOT;
        for (int percent = 0; percent <= 100; percent += 20) {
            double level = bottom - PLOT * percent / 100;
            canvas.line(LEFT, level, LEFT + plotWidth(), level, Palette.GRID, 1);
            canvas.text("" + percent, LEFT - 8, level, Canvas.Align.RIGHT, Style.SMALL, Palette.MUTED);
        }
        calibration.bins().forEach(bin -> drawBin(canvas, bin, bottom));
        canvas.dashed(LEFT, bottom, LEFT + plotWidth(), top, Palette.INK);
        canvas.line(LEFT, bottom, LEFT + plotWidth(), bottom, Palette.AXIS, 1);
        canvas.turned("right (%)", 15, top + PLOT / 2, -90, Canvas.Align.CENTER, Style.LABEL, Palette.INK);
        drawCounts(canvas, bottom + GAP);
    }

    private String subtitle() {
        double over = calibration.overconfidence();
        return String.format(
                Locale.ROOT,
                "ECE %.1f %%; on average %s by %.1f %%",
                100 * calibration.expectedError(),
                over >= 0 ? "too sure" : "not sure enough",
                100 * Math.abs(over));
    }

    private static void drawBin(Canvas canvas, Calibration.Bin bin, double bottom) {
        if (bin.clips() == 0) {
            return;
        }
        double x = LEFT + plotWidth() * bin.low() + 1;
        double width = plotWidth() * (bin.high() - bin.low()) - 2;
        double accuracy = PLOT * bin.accuracy();
        double confidence = PLOT * bin.confidence();
        double both = Math.min(accuracy, confidence);
        canvas.rect(x, bottom - both, width, both, Palette.series(0));
        double gapTop = bottom - Math.max(accuracy, confidence);
        double gap = Math.abs(accuracy - confidence);
        Color color = accuracy > confidence ? Palette.series(0) : Palette.series(1);
        canvas.rect(x, gapTop, width, gap, Palette.pale(color));
        canvas.stroke(new Rectangle2D.Double(x, gapTop, width, gap), color, 1);
        Interval interval = Interval.wilson(bin.right(), bin.clips());
        double middle = x + width / 2;
        double low = bottom - PLOT * interval.low();
        double high = bottom - PLOT * interval.high();
        canvas.line(middle, low, middle, high, Palette.PAPER, 3.4);
        canvas.line(middle, low, middle, high, Palette.INK, 1.4);
        canvas.line(middle - 3, low, middle + 3, low, Palette.INK, 1.4);
        canvas.line(middle - 3, high, middle + 3, high, Palette.INK, 1.4);
    }

    private void drawCounts(Canvas canvas, double top) {
        List<Calibration.Bin> bins = calibration.bins();
        int most = bins.stream().mapToInt(Calibration.Bin::clips).max().orElse(1);
        double bottom = top + COUNTS;
        for (Calibration.Bin bin : bins) {
            double x = LEFT + plotWidth() * bin.low();
            double width = plotWidth() * (bin.high() - bin.low());
            double height = (COUNTS - 14) * bin.clips() / Math.max(1, most);
            canvas.rect(x + 1, bottom - height, width - 2, height, Palette.AXIS);
            if (bin.clips() > 0) {
                canvas.text(
                        "" + bin.clips(),
                        x + width / 2,
                        bottom - height - 7,
                        Canvas.Align.CENTER,
                        Style.SMALL,
                        Palette.MUTED);
            }
        }
        canvas.line(LEFT, bottom, LEFT + plotWidth(), bottom, Palette.AXIS, 1);
        for (int percent = 0; percent <= 100; percent += 20) {
            double x = LEFT + plotWidth() * percent / 100;
            canvas.text("" + percent, x, bottom + 13, Canvas.Align.CENTER, Style.SMALL, Palette.MUTED);
        }
        canvas.turned("clips", 15, top + COUNTS / 2, -90, Canvas.Align.CENTER, Style.LABEL, Palette.INK);
        canvas.text(
                "confidence (%)", LEFT + plotWidth() / 2, bottom + 32, Canvas.Align.CENTER, Style.LABEL, Palette.INK);
    }
}
