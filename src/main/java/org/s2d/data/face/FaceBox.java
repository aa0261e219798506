package org.s2d.data.face;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.s2d.data.image.Image;
import org.s2d.data.image.Resample;

/**
 * Where a face is, in pixels of its picture.
 *
 * @param x left
 * @param y top
 * @param score how sure the detector is; larger is surer, on the detector's own scale
 */
public record FaceBox(double x, double y, double width, double height, double score) {
    /** Boxes that overlap more are of the same face. */
    private static final double MOST_OVERLAP = 0.3;

    /** Area of the overlap over the area of both together, 0 to 1. */
    public double overlap(FaceBox other) {
        double across = Math.min(x + width, other.x + other.width) - Math.max(x, other.x);
        double down = Math.min(y + height, other.y + other.height) - Math.max(y, other.y);
        if (across <= 0 || down <= 0) {
            return 0;
        }
        double both = across * down;
        return both / (width * height + other.width * other.height - both);
    }

    /** The surest box of each face, the largest first. */
    static List<FaceBox> distinct(List<FaceBox> boxes) {
        List<FaceBox> distinct = new ArrayList<>();
        boxes.stream()
                .sorted(Comparator.comparingDouble(box -> -box.score))
                .filter(box -> distinct.stream().noneMatch(other -> other.overlap(box) > MOST_OVERLAP))
                .forEach(distinct::add);
        distinct.sort(Comparator.comparingDouble((FaceBox box) -> -box.width * box.height)
                .thenComparingDouble(FaceBox::x)
                .thenComparingDouble(FaceBox::y));
        return distinct;
    }

    /** This box on its way to another: weight 0 is this, 1 the other. */
    public FaceBox towards(FaceBox other, double weight) {
        return new FaceBox(
                x + (other.x - x) * weight,
                y + (other.y - y) * weight,
                width + (other.width - width) * weight,
                height + (other.height - height) * weight,
                other.score);
    }

    /** The square around it, larger by {@code margin} of its side at every edge, which may leave the picture. */
    public FaceBox square(double margin) {
        double side = Math.max(width, height) * (1 + 2 * margin);
        return new FaceBox(x + (width - side) / 2, y + (height - side) / 2, side, side, score);
    }

    /** What is inside the box, resized; outside of the picture its edge goes on. */
    public Image cut(Image picture, int size) {
        int left = (int) Math.floor(x);
        int top = (int) Math.floor(y);
        int across = Math.max(1, (int) Math.round(width));
        int down = Math.max(1, (int) Math.round(height));
        Image part = Image.blank(across, down);
        for (int row = 0; row < down; row++) {
            int from = Math.clamp(top + row, 0, picture.height() - 1) * picture.width();
            for (int column = 0; column < across; column++) {
                int source = 3 * (from + Math.clamp(left + column, 0, picture.width() - 1));
                System.arraycopy(picture.rgb(), source, part.rgb(), 3 * (row * across + column), 3);
            }
        }
        return Resample.resize(part, size, size, Resample.Filter.BILINEAR);
    }
}
