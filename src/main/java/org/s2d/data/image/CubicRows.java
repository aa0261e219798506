package org.s2d.data.image;

import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * PIL's bicubic interpolation (a = -1) along a line through an image, several pixels at a time. Values are computed in double in PIL's order, without
 * fused operations, and truncated; pixels beyond the border repeat those at it. No method here passes vectors to another: the compiler stops inlining
 * in the middle of so long a chain, and vectors between methods are objects. For one thread.
 */
final class CubicRows {
    private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS =
            VectorSpecies.of(int.class, VectorShape.forBitSize(DOUBLES.vectorBitSize() / 2));
    private static final int LANES = DOUBLES.length();
    private static final int COLOURS = 3;
    private static final int TAPS = 4;

    /** Taps lie from -2 to width + 1, as positions lie from -0.5 to width - 0.5. */
    private static final int BORDER = 2;

    private final int stride;
    /** The packed image with its border. */
    private final int[] plane;

    /** For every pixel of a line its place in the plane, and how far right of and below it the value lies. */
    private final int[] places;

    private final double[] right;
    private final double[] down;
    /** For every row of taps and every colour a line of values between columns. */
    private final double[][] between;

    /** The pixels of a row of taps, from left to right. */
    private final int[][] taps;

    private final int[] colours;

    CubicRows(Image image) {
        int width = image.width();
        int height = image.height();
        stride = width + 2 * BORDER;
        plane = new int[stride * (height + 2 * BORDER)];
        int room = width + LANES;
        places = new int[room];
        right = new double[room];
        down = new double[room];
        between = new double[TAPS * COLOURS][room];
        taps = new int[TAPS][room];
        colours = new int[room];
        for (int y = 0; y < height; y++) {
            int start = (y + BORDER) * stride;
            Packed.pack(image.rgb(), y * width * COLOURS, plane, start + BORDER, width);
            Arrays.fill(plane, start, start + BORDER, plane[start + BORDER]);
            Arrays.fill(plane, start + BORDER + width, start + stride, plane[start + BORDER + width - 1]);
        }
        for (int i = 0; i < BORDER; i++) {
            System.arraycopy(plane, BORDER * stride, plane, i * stride, stride);
            System.arraycopy(plane, (height + 1) * stride, plane, (height + BORDER + i) * stride, stride);
        }
    }

    /**
     * Writes the colours of {@code count} pixels to {@code out} from sample {@code at} on.
     *
     * @param m the matrix of {@link Warp#affine}
     * @param x column of the first pixel, which like all others shows a place in the image
     */
    void write(double[] m, int x, int y, int count, byte[] out, int at) {
        locate(m, x, y, count);
        boolean inRow = isZero(down, count); // the other rows have no weight
        boolean inColumn = isZero(right, count);
        for (int row = inRow ? 1 : 0; row < (inRow ? 2 : TAPS); row++) {
            gather((BORDER + row - 1) * stride + BORDER - 1, count);
            for (int c = 0; c < COLOURS; c++) {
                if (inColumn) {
                    copyRow(taps[1], c, between[row * COLOURS + c], count);
                } else {
                    interpolateRow(c, between[row * COLOURS + c], count);
                }
            }
        }
        Arrays.fill(colours, 0);
        for (int c = 0; c < COLOURS; c++) {
            double[] values = between[COLOURS + c];
            if (!inRow) {
                interpolateColumns(c, count);
                values = between[c];
            }
            addColour(c, values, count);
        }
        Packed.unpack(colours, 0, out, at, count);
    }

    private void locate(double[] m, int x, int y, int count) {
        for (int i = 0; i < count; i += LANES) {
            DoubleVector column = DoubleVector.broadcast(DOUBLES, x + i + 0.5).addIndex(1);
            DoubleVector inX = column.mul(m[0]).add(m[1] * (y + 0.5)).add(m[2]).sub(0.5);
            DoubleVector inY = column.mul(m[3]).add(m[4] * (y + 0.5)).add(m[5]).sub(0.5);
            // Rounded down. Places past the last pixel may lie outside; they are not read.
            IntVector left = (IntVector) inX.convertShape(VectorOperators.D2I, INTS, 0);
            left = left.sub(1, inX.lt(0).cast(INTS));
            IntVector above = (IntVector) inY.convertShape(VectorOperators.D2I, INTS, 0);
            above = above.sub(1, inY.lt(0).cast(INTS));
            above.mul(stride).add(left).intoArray(places, i);
            inX.sub(left.convertShape(VectorOperators.I2D, DOUBLES, 0)).intoArray(right, i);
            inY.sub(above.convertShape(VectorOperators.I2D, DOUBLES, 0)).intoArray(down, i);
        }
    }

    private static boolean isZero(double[] values, int count) {
        for (int i = 0; i < count; i++) {
            if (values[i] != 0) {
                return false;
            }
        }
        return true;
    }

    private void gather(int offset, int count) {
        int[] p0 = taps[0];
        int[] p1 = taps[1];
        int[] p2 = taps[2];
        int[] p3 = taps[3];
        for (int i = 0; i < count; i++) {
            int place = places[i] + offset;
            p0[i] = plane[place];
            p1[i] = plane[place + 1];
            p2[i] = plane[place + 2];
            p3[i] = plane[place + 3];
        }
    }

    private static void copyRow(int[] pixels, int c, double[] out, int count) {
        for (int i = 0; i < count; i++) {
            out[i] = (pixels[i] >> (8 * c)) & 0xff;
        }
    }

    private void interpolateRow(int c, double[] out, int count) {
        int shift = 8 * c;
        for (int i = 0; i < count; i += LANES) {
            IntVector v0 = IntVector.fromArray(INTS, taps[0], i)
                    .lanewise(VectorOperators.LSHR, shift)
                    .and(0xff);
            IntVector v1 = IntVector.fromArray(INTS, taps[1], i)
                    .lanewise(VectorOperators.LSHR, shift)
                    .and(0xff);
            IntVector v2 = IntVector.fromArray(INTS, taps[2], i)
                    .lanewise(VectorOperators.LSHR, shift)
                    .and(0xff);
            IntVector v3 = IntVector.fromArray(INTS, taps[3], i)
                    .lanewise(VectorOperators.LSHR, shift)
                    .and(0xff);
            // Differences of whole numbers are exact.
            IntVector left = v0.sub(v1);
            IntVector last = v2.sub(v3);
            DoubleVector one = (DoubleVector) v1.convertShape(VectorOperators.I2D, DOUBLES, 0);
            DoubleVector linear = (DoubleVector) v2.sub(v0).convertShape(VectorOperators.I2D, DOUBLES, 0);
            DoubleVector square = (DoubleVector) left.add(left).add(last).convertShape(VectorOperators.I2D, DOUBLES, 0);
            DoubleVector cube = (DoubleVector) left.add(last).neg().convertShape(VectorOperators.I2D, DOUBLES, 0);
            DoubleVector t = DoubleVector.fromArray(DOUBLES, right, i);
            cube.mul(t).add(square).mul(t).add(linear).mul(t).add(one).intoArray(out, i);
        }
    }

    /** Of a colour, from the rows of taps into the first of them. */
    private void interpolateColumns(int c, int count) {
        for (int i = 0; i < count; i += LANES) {
            DoubleVector v0 = DoubleVector.fromArray(DOUBLES, between[c], i);
            DoubleVector v1 = DoubleVector.fromArray(DOUBLES, between[COLOURS + c], i);
            DoubleVector v2 = DoubleVector.fromArray(DOUBLES, between[2 * COLOURS + c], i);
            DoubleVector v3 = DoubleVector.fromArray(DOUBLES, between[3 * COLOURS + c], i);
            DoubleVector t = DoubleVector.fromArray(DOUBLES, down, i);
            DoubleVector linear = v2.sub(v0);
            DoubleVector square = v0.sub(v1).mul(2).add(v2).sub(v3);
            DoubleVector cube = v1.sub(v0).sub(v2).add(v3);
            cube.mul(t).add(square).mul(t).add(linear).mul(t).add(v1).intoArray(between[c], i);
        }
    }

    /** Truncates, clips and packs. */
    private void addColour(int c, double[] values, int count) {
        for (int i = 0; i < count; i += LANES) {
            IntVector whole =
                    (IntVector) DoubleVector.fromArray(DOUBLES, values, i).convertShape(VectorOperators.D2I, INTS, 0);
            whole.max(0)
                    .min(255)
                    .lanewise(VectorOperators.LSHL, 8 * c)
                    .or(IntVector.fromArray(INTS, colours, i))
                    .intoArray(colours, i);
        }
    }
}
