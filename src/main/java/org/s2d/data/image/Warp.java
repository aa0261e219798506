package org.s2d.data.image;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Arrays;

/**
 * Rotation, shear and translation as PIL's {@code Image.rotate} and {@code Image.transform(AFFINE)} do them: every output
 * pixel centre is mapped into the input, where it is interpolated; outside lies a fill colour. Values are computed in
 * double and truncated. Bit-equal to PIL.
 */
public final class Warp {
    /** How to look up a value between pixels. {@code BICUBIC} here has a = -1, unlike {@link Resample.Filter#BICUBIC}. */
    public enum Interpolation {
        BILINEAR,
        BICUBIC
    }

    /** Writes the colours that {@code count} pixels from (x, y) on show, all of them in the image, to {@code out[at]} and after it. */
    private interface Line {
        void write(double[] m, int x, int y, int count, byte[] out, int at);
    }

    private Warp() {}

    /** Turned counter-clockwise about the centre. */
    public static Image rotate(Image image, double degrees, Interpolation interpolation, int fill) {
        double angle = degrees - Math.floor(degrees / 360) * 360;
        if (angle == 0) {
            return image;
        }
        if (angle == 180 || ((angle == 90 || angle == 270) && image.width() == image.height())) {
            return quarterTurns(image, (int) angle / 90);
        }
        double radians = -Math.toRadians(angle);
        double cos = round15(StrictMath.cos(radians));
        double sin = round15(StrictMath.sin(radians));
        double centreX = image.width() / 2.0;
        double centreY = image.height() / 2.0;
        double[] matrix = {
            cos, sin, cos * -centreX + sin * -centreY + centreX, -sin, cos, -sin * -centreX + cos * -centreY + centreY
        };
        return affine(image, matrix, interpolation, fill);
    }

    /** Output (x, y) shows input (x + factor * y, y). */
    public static Image shearX(Image image, double factor, Interpolation interpolation, int fill) {
        return affine(image, new double[] {1, factor, 0, 0, 1, 0}, interpolation, fill);
    }

    /** Output (x, y) shows input (x, factor * x + y). */
    public static Image shearY(Image image, double factor, Interpolation interpolation, int fill) {
        return affine(image, new double[] {1, 0, 0, factor, 1, 0}, interpolation, fill);
    }

    /** Output (x, y) shows input (x + dx, y + dy), in pixels. */
    public static Image translate(Image image, double dx, double dy, Interpolation interpolation, int fill) {
        return affine(image, new double[] {1, 0, dx, 0, 1, dy}, interpolation, fill);
    }

    /** Output (x, y) shows input (m0 x + m1 y + m2, m3 x + m4 y + m5), coordinates at pixel centres. */
    public static Image affine(Image image, double[] m, Interpolation interpolation, int fill) {
        Image out = Image.blank(image.width(), image.height());
        Arrays.fill(out.rgb(), (byte) fill);
        Line line = switch (interpolation) {
            case BILINEAR -> (matrix, x, y, count, rgb, at) -> bilinear(image, matrix, x, y, count, rgb, at);
            case BICUBIC -> new CubicRows(image)::write;
        };
        for (int y = 0; y < out.height(); y++) {
            int from = 0;
            int to = out.width();
            // What lies in the image is in one piece: rounded products and sums grow with x or fall with it.
            while (from < to && !shows(image, m, from, y)) {
                from++;
            }
            while (from < to && !shows(image, m, to - 1, y)) {
                to--;
            }
            line.write(m, from, y, to - from, out.rgb(), (y * out.width() + from) * 3);
        }
        return out;
    }

    private static void bilinear(Image image, double[] m, int from, int y, int count, byte[] out, int at) {
        for (int i = 0; i < count; i++) {
            bilinear(image, inX(m, from + i, y) - 0.5, inY(m, from + i, y) - 0.5, out, at + 3 * i);
        }
    }

    private static boolean shows(Image image, double[] m, int x, int y) {
        double inX = inX(m, x, y);
        double inY = inY(m, x, y);
        return inX >= 0 && inX < image.width() && inY >= 0 && inY < image.height();
    }

    private static double inX(double[] m, int x, int y) {
        return m[0] * (x + 0.5) + m[1] * (y + 0.5) + m[2];
    }

    private static double inY(double[] m, int x, int y) {
        return m[3] * (x + 0.5) + m[4] * (y + 0.5) + m[5];
    }

    /** Writes the colour at a place, in pixel centres, to {@code out[at]} and the two after it. Pixels beyond the border repeat those at it. */
    public static void bilinear(Image image, double inX, double inY, byte[] out, int at) {
        int x = (int) Math.floor(inX);
        int y = (int) Math.floor(inY);
        double tx = inX - x;
        double ty = inY - y;
        int left = column(image, x);
        int right = column(image, x + 1);
        int above = row(image, y);
        int below = row(image, y + 1);
        byte[] in = image.rgb();
        for (int c = 0; c < 3; c++, above++, below++) {
            double upper = mix(in[above + left] & 0xff, in[above + right] & 0xff, tx);
            double lower = mix(in[below + left] & 0xff, in[below + right] & 0xff, tx);
            out[at + c] = (byte) (int) mix(upper, lower, ty);
        }
    }

    private static double mix(double a, double b, double t) {
        return a + (b - a) * t;
    }

    /** Offset of a column in its row. */
    private static int column(Image image, int x) {
        return Math.min(Math.max(x, 0), image.width() - 1) * 3;
    }

    /** Offset of a row in the image. */
    private static int row(Image image, int y) {
        return Math.min(Math.max(y, 0), image.height() - 1) * image.width() * 3;
    }

    /** Python's {@code round(value, 15)}. */
    private static double round15(double value) {
        return new BigDecimal(value).setScale(15, RoundingMode.HALF_EVEN).doubleValue();
    }

    /** Exact counter-clockwise turns by 90 degrees; odd numbers of them need a square image. */
    private static Image quarterTurns(Image image, int turns) {
        int width = image.width();
        int height = image.height();
        Image out = Image.blank(width, height);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int from = switch (turns) {
                    case 1 -> x * width + (width - 1 - y);
                    case 2 -> (height - 1 - y) * width + (width - 1 - x);
                    default -> (height - 1 - x) * width + y;
                };
                System.arraycopy(image.rgb(), from * 3, out.rgb(), (y * width + x) * 3, 3);
            }
        }
        return out;
    }
}
