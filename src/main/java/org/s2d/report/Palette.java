package org.s2d.report;

import java.awt.Color;

/** Colours of every picture. Series colours stay apart for all common kinds of colour blindness (Okabe and Ito). */
final class Palette {
    static final Color PAPER = Color.WHITE;
    static final Color INK = new Color(0x1F2430);
    static final Color MUTED = new Color(0x626B7A);
    static final Color AXIS = new Color(0x9AA3B0);
    static final Color GRID = new Color(0xE6E9EE);
    static final Color EMPTY = new Color(0xF1F2F4);
    static final Color RIGHT = new Color(0x009E73);
    static final Color WRONG = new Color(0xD1392B);

    private static final int[] SERIES = {0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000, 0x8C6D31
    };
    private static final Color[] BLUES = {
        new Color(0xFBFCFE), new Color(0xC9DDEF), new Color(0x6FAED6), new Color(0x2173B2), new Color(0x083A70)
    };

    private Palette() {}

    static Color series(int index) {
        return new Color(SERIES[Math.floorMod(index, SERIES.length)]);
    }

    /** White to dark blue for a share in [0, 1]; darkness grows evenly, so it also reads in grey. */
    static Color share(double share) {
        double position = Math.clamp(share, 0, 1) * (BLUES.length - 1);
        int low = Math.min((int) position, BLUES.length - 2);
        return mix(BLUES[low], BLUES[low + 1], position - low);
    }

    /** The colour, so thin that a stronger line on it stands out. */
    static Color pale(Color color) {
        return new Color(color.getRed(), color.getGreen(), color.getBlue(), 72);
    }

    /** How many colours {@link #series} has. */
    static int seriesCount() {
        return SERIES.length;
    }

    static Color mix(Color from, Color to, double weight) {
        return new Color(
                blend(from.getRed(), to.getRed(), weight),
                blend(from.getGreen(), to.getGreen(), weight),
                blend(from.getBlue(), to.getBlue(), weight));
    }

    /** Ink or paper, whichever can be read on the given background. */
    static Color textOn(Color background) {
        double luminance =
                0.2126 * background.getRed() + 0.7152 * background.getGreen() + 0.0722 * background.getBlue();
        return luminance < 140 ? PAPER : INK;
    }

    private static int blend(int from, int to, double weight) {
        return (int) Math.round(from + (to - from) * weight);
    }
}
