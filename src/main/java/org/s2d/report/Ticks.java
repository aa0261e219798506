package org.s2d.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Round values (1, 2 or 5 times a power of ten) along an axis, with labels that all have the same number of decimals.
 *
 * @param low the axis' lower end, at most the smallest tick
 * @param high the axis' upper end
 * @param values the ticks, ascending
 * @param labels one text for each tick, without the factor
 * @param factor text such as "×1e-5" for the axis title when labels leave out a power of ten, otherwise empty
 */
record Ticks(double low, double high, List<Double> values, List<String> labels, String factor) {

    /** Ticks from data: the ends are rounded outwards to ticks. Empty or flat ranges are widened. */
    static Ticks around(double dataLow, double dataHigh, int wanted) {
        double low = dataLow;
        double high = dataHigh;
        if (!(low < high)) {
            double middle = Double.isFinite(low) && low == high ? low : 0;
            double half = middle == 0 ? 1 : Math.abs(middle) * 0.1;
            low = middle - half;
            high = middle + half;
        }
        double step = step((high - low) / wanted);
        return between(Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step, step);
    }

    /** Ticks inside fixed ends. */
    static Ticks inside(double low, double high, int wanted) {
        return between(low, high, step((high - low) / wanted));
    }

    /** Ticks for whole numbers (steps, epochs): never a fraction between two of them. */
    static Ticks whole(double low, double high, int wanted) {
        double end = low < high ? high : low + 1;
        return between(low, end, Math.max(1, step((end - low) / wanted)));
    }

    /** One tick for each power of ten from below the smallest to above the largest value. Both must be positive. */
    static Ticks powersOfTen(double dataLow, double dataHigh) {
        int first = (int) Math.floor(Math.log10(dataLow) + 1e-9);
        int last = (int) Math.ceil(Math.log10(dataHigh) - 1e-9);
        last = Math.max(last, first + 1);
        int stride = Math.ceilDiv(last - first, 6);
        List<Double> values = new ArrayList<>();
        List<String> labels = new ArrayList<>();
        for (int power = first; power <= last; power += stride) {
            values.add(Math.pow(10, power));
            labels.add(power >= -2 && power <= 3 ? plain(Math.pow(10, power), Math.max(0, -power)) : "1e" + power);
        }
        return new Ticks(Math.pow(10, first), Math.pow(10, last), values, labels, "");
    }

    private static Ticks between(double low, double high, double step) {
        double largest = Math.max(Math.abs(low), Math.abs(high));
        int power = largest < 1e-3 || largest >= 1e6 ? (int) Math.floor(Math.log10(largest)) : 0;
        double unit = Math.pow(10, power);
        int decimals = Math.max(0, (int) -Math.floor(Math.log10(step / unit) + 1e-9));
        List<Double> values = new ArrayList<>();
        List<String> labels = new ArrayList<>();
        long first = (long) Math.ceil(low / step - 1e-6);
        long last = (long) Math.floor(high / step + 1e-6);
        for (long i = first; i <= last; i++) {
            values.add(i * step);
            labels.add(plain(i * step / unit, decimals));
        }
        return new Ticks(low, high, values, labels, power == 0 ? "" : "×1e" + power);
    }

    private static double step(double rough) {
        double unit = Math.pow(10, Math.floor(Math.log10(rough)));
        double ratio = rough / unit;
        double multiple = ratio <= 1 + 1e-9 ? 1 : ratio <= 2 + 1e-9 ? 2 : ratio <= 5 + 1e-9 ? 5 : 10;
        return multiple * unit;
    }

    private static String plain(double value, int decimals) {
        String text = String.format(Locale.ROOT, "%." + decimals + "f", value);
        return text.startsWith("-") && text.chars().allMatch(c -> "-0.".indexOf(c) >= 0) ? text.substring(1) : text;
    }
}
