package org.s2d.report;

import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Clips as rows of frames from left to right in time, with true label and, where known, prediction and probability;
 * green frame and the word right, or red frame and wrong.
 *
 * @param frames how many frames of each clip are shown; evenly spaced, the first and the last always
 * @param columns how many clips stand side by side
 */
public record ContactSheet(String title, String subtitle, int frames, int columns, List<Clip> clips) implements Chart {
    private static final double THUMB = 72;
    private static final double GAP = 3;
    private static final double TOP = 64;
    private static final double TEXT = 184;
    private static final double ROW = THUMB + 16;
    private static final double MARGIN = 20;

    /**
     * One row.
     *
     * @param images all frames, in order
     * @param predicted null for a picture of a data set without predictions
     * @param probability of the predicted label, in [0, 1]
     */
    public record Clip(
            String name,
            List<BufferedImage> images,
            String label,
            @Nullable String predicted,
            double probability) {
        public Clip {
            images = List.copyOf(images);
        }

        public Clip(String name, List<BufferedImage> images, String label) {
            this(name, images, label, null, Double.NaN);
        }
    }

    public ContactSheet {
        clips = List.copyOf(clips);
        if (frames < 1 || columns < 1) {
            throw new IllegalArgumentException("a contact sheet shows at least one frame and one column");
        }
    }

    public ContactSheet(String title, String subtitle, int frames, List<Clip> clips) {
        this(title, subtitle, frames, 1, clips);
    }

    @Override
    public double width() {
        return Math.max(2 * MARGIN + columns * (columnWidth() + MARGIN) - MARGIN, 480);
    }

    @Override
    public double height() {
        return TOP + ROW * Math.max(1, Math.ceilDiv(clips.size(), columns)) + 8;
    }

    @Override
    public void draw(Canvas canvas) {
        double room = width() - 2 * MARGIN;
        canvas.text(canvas.fit(title, room, Style.TITLE), MARGIN, 20, Canvas.Align.LEFT, Style.TITLE, Palette.INK);
        canvas.text(canvas.fit(subtitle, room, Style.LABEL), MARGIN, 43, Canvas.Align.LEFT, Style.LABEL, Palette.MUTED);
        int rows = Math.ceilDiv(clips.size(), columns);
        for (int i = 0; i < clips.size(); i++) {
            int column = i / rows;
            double x = MARGIN + column * (columnWidth() + MARGIN);
            drawClip(canvas, clips.get(i), x, TOP + (i % rows) * ROW);
        }
    }

    private void drawClip(Canvas canvas, Clip clip, double x, double y) {
        Color border = Palette.AXIS;
        double textY = y + 10;
        canvas.text(
                canvas.fit(clip.label(), TEXT - 12, Style.STRONG),
                x,
                textY,
                Canvas.Align.LEFT,
                Style.STRONG,
                Palette.INK);
        if (clip.predicted() != null) {
            boolean right = clip.predicted().equals(clip.label());
            border = right ? Palette.RIGHT : Palette.WRONG;
            String predicted = canvas.fit("predicted " + clip.predicted(), TEXT - 12, Style.LABEL);
            String verdict =
                    String.format(Locale.ROOT, "%.0f %%, %s", 100 * clip.probability(), right ? "right" : "wrong");
            textY += 18;
            canvas.text(predicted, x, textY, Canvas.Align.LEFT, Style.LABEL, border);
            textY += 18;
            canvas.text(verdict, x, textY, Canvas.Align.LEFT, Style.LABEL, border);
        }
        textY += 17;
        canvas.text(
                canvas.fit(clip.name(), TEXT - 12, Style.SMALL),
                x,
                textY,
                Canvas.Align.LEFT,
                Style.SMALL,
                Palette.MUTED);
        double left = x + TEXT;
        List<BufferedImage> shown = pick(clip.images(), frames);
        for (int i = 0; i < shown.size(); i++) {
            drawFrame(canvas, shown.get(i), left + i * (THUMB + GAP), y);
        }
        double width = frames * (THUMB + GAP) - GAP;
        canvas.stroke(
                new Rectangle2D.Double(left - 3, y - 3, width + 6, THUMB + 6),
                border,
                clip.predicted() == null ? 1 : 3);
    }

    private static void drawFrame(Canvas canvas, BufferedImage frame, double x, double y) {
        double scale = THUMB / Math.max(frame.getWidth(), frame.getHeight());
        double width = frame.getWidth() * scale;
        double height = frame.getHeight() * scale;
        canvas.rect(x, y, THUMB, THUMB, Palette.EMPTY);
        canvas.picture(frame, x + (THUMB - width) / 2, y + (THUMB - height) / 2, width, height);
    }

    /** At most count elements, evenly spaced, with the first and the last. */
    static <T> List<T> pick(List<T> all, int count) {
        if (all.size() <= count) {
            return all;
        }
        List<T> picked = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            picked.add(all.get(count == 1 ? all.size() / 2 : Math.round((float) i * (all.size() - 1) / (count - 1))));
        }
        return picked;
    }

    private double columnWidth() {
        return TEXT + frames * (THUMB + GAP) - GAP + 3;
    }
}
