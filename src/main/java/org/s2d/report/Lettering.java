package org.s2d.report;

import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.font.FontRenderContext;
import java.awt.image.BufferedImage;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** How texts are measured and drawn: with the machine's fonts, or with our own strokes on a machine without any. */
sealed interface Lettering permits Lettering.Fonts, StrokeLetters {
    /** Width of one line in logical pixels. */
    double width(String text, Style style);

    /** Draws one line in the current colour; (x, y) is the left end of the base line. */
    void draw(Graphics2D graphics, String text, double x, double y, Style style);

    /** The machine's sans-serif font where Java can find one: a bare container has none, and Java then throws. */
    static Lettering best() {
        return Choice.BEST;
    }

    /** The JDK's logical sans-serif font. */
    record Fonts() implements Lettering {
        private static final FontRenderContext CONTEXT = new FontRenderContext(null, true, true);
        private static final Map<Style, Font> MADE = new ConcurrentHashMap<>();

        @Override
        public double width(String text, Style style) {
            return font(style).getStringBounds(text, CONTEXT).getWidth();
        }

        @Override
        public void draw(Graphics2D graphics, String text, double x, double y, Style style) {
            graphics.setFont(font(style));
            graphics.drawString(text, (float) x, (float) y);
        }

        /** Made once: a video's frames have many texts of few styles. */
        private static Font font(Style style) {
            return MADE.computeIfAbsent(
                    style,
                    wanted -> new Font(Font.SANS_SERIF, wanted.bold() ? Font.BOLD : Font.PLAIN, 1)
                            .deriveFont((float) wanted.size()));
        }
    }

    /** Probes once. */
    final class Choice {
        private static final Lettering BEST = probe();

        private Choice() {}

        // Without fonts the JDK throws an Error, an InternalError or a RuntimeException, depending on what is missing.
        @SuppressWarnings("CatchingUnchecked")
        private static Lettering probe() {
            try {
                Lettering fonts = new Fonts();
                Graphics2D graphics = new BufferedImage(8, 8, BufferedImage.TYPE_INT_RGB).createGraphics();
                fonts.draw(graphics, "x", 0, 8, Style.LABEL);
                return fonts.width("x", Style.LABEL) > 0 ? fonts : new StrokeLetters();
            } catch (RuntimeException | Error e) {
                return new StrokeLetters();
            }
        }
    }
}
