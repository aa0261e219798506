package org.s2d.report;

import java.awt.image.BufferedImage;
import java.util.List;

/**
 * Blocks of strips: the frames of a clip as they are, and the same frames as something else shows them, one under the other.
 *
 * @param columns how many blocks stand side by side
 */
public record StripSheet(String title, String subtitle, int columns, List<Block> blocks) implements Chart {
    private static final double THUMB = 84;
    private static final double GAP = 3;
    private static final double TOP = 66;
    private static final double NAME = 104;
    private static final double HEAD = 26;
    private static final double MARGIN = 20;

    /** A clip and its strips, which have equally many frames. */
    public record Block(String heading, List<Strip> strips) {
        public Block {
            strips = List.copyOf(strips);
        }
    }

    /** Pictures from left to right in time. */
    public record Strip(String name, List<BufferedImage> frames) {
        public Strip {
            frames = List.copyOf(frames);
        }
    }

    public StripSheet {
        blocks = List.copyOf(blocks);
    }

    @Override
    public double width() {
        return Math.max(520, MARGIN + Math.max(1, Math.min(columns, blocks.size())) * (blockWidth() + MARGIN));
    }

    @Override
    public double height() {
        return TOP + Math.ceilDiv(blocks.size(), columns) * blockHeight();
    }

    private double blockWidth() {
        int frames = blocks.stream()
                .flatMap(block -> block.strips().stream())
                .mapToInt(strip -> strip.frames().size())
                .max()
                .orElse(0);
        return NAME + frames * (THUMB + GAP);
    }

    private double blockHeight() {
        int strips =
                blocks.stream().mapToInt(block -> block.strips().size()).max().orElse(0);
        return HEAD + strips * (THUMB + GAP) + 14;
    }

    @Override
    public void draw(Canvas canvas) {
        double room = width() - 2 * MARGIN;
        canvas.text(canvas.fit(title, room, Style.TITLE), MARGIN, 20, Canvas.Align.LEFT, Style.TITLE, Palette.INK);
        canvas.text(canvas.fit(subtitle, room, Style.LABEL), MARGIN, 43, Canvas.Align.LEFT, Style.LABEL, Palette.MUTED);
        for (int i = 0; i < blocks.size(); i++) {
            double x = MARGIN + i % columns * (blockWidth() + MARGIN);
            drawBlock(canvas, blocks.get(i), x, TOP + Math.floorDiv(i, columns) * blockHeight());
        }
    }

    private void drawBlock(Canvas canvas, Block block, double x, double y) {
        canvas.text(
                canvas.fit(block.heading(), blockWidth(), Style.STRONG),
                x,
                y + 8,
                Canvas.Align.LEFT,
                Style.STRONG,
                Palette.INK);
        double top = y + HEAD;
        for (Strip strip : block.strips()) {
            String name = canvas.fit(strip.name(), NAME - 8, Style.LABEL);
            canvas.text(name, x, top + THUMB / 2, Canvas.Align.LEFT, Style.LABEL, Palette.MUTED);
            for (int i = 0; i < strip.frames().size(); i++) {
                canvas.picture(strip.frames().get(i), x + NAME + i * (THUMB + GAP), top, THUMB, THUMB);
            }
            top += THUMB + GAP;
        }
    }
}
