package org.s2d.device.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Small matrix products in a worker's scratch memory. Sums stay in registers for the whole depth: a tile of 4 rows and 4
 * vectors, or 8 rows and one vector at the right edge, so that each number loaded is used at least four times and enough
 * independent sums are in flight to hide the latency of a multiply-add.
 */
final class TileProducts {
    static final VectorSpecies<Float> SPECIES = Lanes.F;
    static final int LANES = SPECIES.length();
    /** Products compute whole groups of this many rows; scratch has room for them. */
    static final int ROWS = 8;

    private static final int WIDE = 4 * LANES;

    private TileProducts() {}

    /** A view of scratch memory: element (i, j) is at {@code start + i * row + j * column}. */
    @SuppressWarnings("ArrayRecordComponent") // names a place in scratch memory; never compared
    record Matrix(float[] data, int start, int row, int column) {
        private int at(int i, int j) {
            return start + i * row + j * column;
        }

        /** The part that begins at an element. */
        Matrix from(int i, int j) {
            return new Matrix(data, at(i, j), row, column);
        }
    }

    /** A tile's worth of zeros, wherever one looks. */
    private static final Matrix ZERO = new Matrix(new float[WIDE], 0, 0, 0);

    /** {@code c = a b}; sizes as in {@link #accumulate}. */
    static void multiply(Matrix c, Matrix a, Matrix b, int rows, int depth, int columns) {
        multiply(c, ZERO, a, b, rows, depth, columns);
    }

    /**
     * {@code c += a b} with {@code rows} rounded up to {@link #ROWS} and {@code columns} to {@link #LANES}; a is [rows, depth], b [depth,
     * columns]. Rows of b and c have column stride 1.
     */
    static void accumulate(Matrix c, Matrix a, Matrix b, int rows, int depth, int columns) {
        multiply(c, c, a, b, rows, depth, columns);
    }

    private static void multiply(Matrix c, Matrix from, Matrix a, Matrix b, int rows, int depth, int columns) {
        int column = 0;
        for (; column + 3 * LANES < columns; column += WIDE) {
            for (int row = 0; row < rows; row += 4) {
                tile4x4(
                        c.data,
                        c.at(row, column),
                        c.row,
                        from.data,
                        from.at(row, column),
                        from.row,
                        a.data,
                        a.at(row, 0),
                        a.row,
                        a.column,
                        b.data,
                        b.at(0, column),
                        b.row,
                        depth);
            }
        }
        for (; column < columns; column += LANES) {
            for (int row = 0; row < rows; row += 8) {
                tile8x1(
                        c.data,
                        c.at(row, column),
                        c.row,
                        from.data,
                        from.at(row, column),
                        from.row,
                        a.data,
                        a.at(row, 0),
                        a.row,
                        a.column,
                        b.data,
                        b.at(0, column),
                        b.row,
                        depth);
            }
        }
    }

    // The tiles take plain numbers: matrices made for each tile would cost more than a tenth of the time.

    private static void tile4x4(
            float[] c,
            int c0,
            int cRow,
            float[] from,
            int from0,
            int fromRow,
            float[] a,
            int a0,
            int aRow,
            int aColumn,
            float[] b,
            int b0,
            int bRow,
            int depth) {
        int from1 = from0 + fromRow;
        int from2 = from1 + fromRow;
        int from3 = from2 + fromRow;
        FloatVector sum00 = FloatVector.fromArray(SPECIES, from, from0);
        FloatVector sum01 = FloatVector.fromArray(SPECIES, from, from0 + LANES);
        FloatVector sum02 = FloatVector.fromArray(SPECIES, from, from0 + 2 * LANES);
        FloatVector sum03 = FloatVector.fromArray(SPECIES, from, from0 + 3 * LANES);
        FloatVector sum10 = FloatVector.fromArray(SPECIES, from, from1);
        FloatVector sum11 = FloatVector.fromArray(SPECIES, from, from1 + LANES);
        FloatVector sum12 = FloatVector.fromArray(SPECIES, from, from1 + 2 * LANES);
        FloatVector sum13 = FloatVector.fromArray(SPECIES, from, from1 + 3 * LANES);
        FloatVector sum20 = FloatVector.fromArray(SPECIES, from, from2);
        FloatVector sum21 = FloatVector.fromArray(SPECIES, from, from2 + LANES);
        FloatVector sum22 = FloatVector.fromArray(SPECIES, from, from2 + 2 * LANES);
        FloatVector sum23 = FloatVector.fromArray(SPECIES, from, from2 + 3 * LANES);
        FloatVector sum30 = FloatVector.fromArray(SPECIES, from, from3);
        FloatVector sum31 = FloatVector.fromArray(SPECIES, from, from3 + LANES);
        FloatVector sum32 = FloatVector.fromArray(SPECIES, from, from3 + 2 * LANES);
        FloatVector sum33 = FloatVector.fromArray(SPECIES, from, from3 + 3 * LANES);
        int a1 = a0 + aRow;
        int a2 = a1 + aRow;
        int a3 = a2 + aRow;
        for (int k = 0; k < depth; k++) {
            int at = b0 + k * bRow;
            FloatVector right0 = FloatVector.fromArray(SPECIES, b, at);
            FloatVector right1 = FloatVector.fromArray(SPECIES, b, at + LANES);
            FloatVector right2 = FloatVector.fromArray(SPECIES, b, at + 2 * LANES);
            FloatVector right3 = FloatVector.fromArray(SPECIES, b, at + 3 * LANES);
            int step = k * aColumn;
            FloatVector left0 = FloatVector.broadcast(SPECIES, a[a0 + step]);
            sum00 = left0.fma(right0, sum00);
            sum01 = left0.fma(right1, sum01);
            sum02 = left0.fma(right2, sum02);
            sum03 = left0.fma(right3, sum03);
            FloatVector left1 = FloatVector.broadcast(SPECIES, a[a1 + step]);
            sum10 = left1.fma(right0, sum10);
            sum11 = left1.fma(right1, sum11);
            sum12 = left1.fma(right2, sum12);
            sum13 = left1.fma(right3, sum13);
            FloatVector left2 = FloatVector.broadcast(SPECIES, a[a2 + step]);
            sum20 = left2.fma(right0, sum20);
            sum21 = left2.fma(right1, sum21);
            sum22 = left2.fma(right2, sum22);
            sum23 = left2.fma(right3, sum23);
            FloatVector left3 = FloatVector.broadcast(SPECIES, a[a3 + step]);
            sum30 = left3.fma(right0, sum30);
            sum31 = left3.fma(right1, sum31);
            sum32 = left3.fma(right2, sum32);
            sum33 = left3.fma(right3, sum33);
        }
        int c1 = c0 + cRow;
        int c2 = c1 + cRow;
        int c3 = c2 + cRow;
        sum00.intoArray(c, c0);
        sum01.intoArray(c, c0 + LANES);
        sum02.intoArray(c, c0 + 2 * LANES);
        sum03.intoArray(c, c0 + 3 * LANES);
        sum10.intoArray(c, c1);
        sum11.intoArray(c, c1 + LANES);
        sum12.intoArray(c, c1 + 2 * LANES);
        sum13.intoArray(c, c1 + 3 * LANES);
        sum20.intoArray(c, c2);
        sum21.intoArray(c, c2 + LANES);
        sum22.intoArray(c, c2 + 2 * LANES);
        sum23.intoArray(c, c2 + 3 * LANES);
        sum30.intoArray(c, c3);
        sum31.intoArray(c, c3 + LANES);
        sum32.intoArray(c, c3 + 2 * LANES);
        sum33.intoArray(c, c3 + 3 * LANES);
    }

    private static void tile8x1(
            float[] c,
            int c0,
            int cRow,
            float[] from,
            int from0,
            int fromRow,
            float[] a,
            int a0,
            int aRow,
            int aColumn,
            float[] b,
            int b0,
            int bRow,
            int depth) {
        int from1 = from0 + fromRow;
        int from2 = from1 + fromRow;
        int from3 = from2 + fromRow;
        int from4 = from3 + fromRow;
        int from5 = from4 + fromRow;
        int from6 = from5 + fromRow;
        int from7 = from6 + fromRow;
        FloatVector sum0 = FloatVector.fromArray(SPECIES, from, from0);
        FloatVector sum1 = FloatVector.fromArray(SPECIES, from, from1);
        FloatVector sum2 = FloatVector.fromArray(SPECIES, from, from2);
        FloatVector sum3 = FloatVector.fromArray(SPECIES, from, from3);
        FloatVector sum4 = FloatVector.fromArray(SPECIES, from, from4);
        FloatVector sum5 = FloatVector.fromArray(SPECIES, from, from5);
        FloatVector sum6 = FloatVector.fromArray(SPECIES, from, from6);
        FloatVector sum7 = FloatVector.fromArray(SPECIES, from, from7);
        int a1 = a0 + aRow;
        int a2 = a1 + aRow;
        int a3 = a2 + aRow;
        int a4 = a3 + aRow;
        int a5 = a4 + aRow;
        int a6 = a5 + aRow;
        int a7 = a6 + aRow;
        for (int k = 0; k < depth; k++) {
            int at = b0 + k * bRow;
            FloatVector right = FloatVector.fromArray(SPECIES, b, at);
            int step = k * aColumn;
            sum0 = FloatVector.broadcast(SPECIES, a[a0 + step]).fma(right, sum0);
            sum1 = FloatVector.broadcast(SPECIES, a[a1 + step]).fma(right, sum1);
            sum2 = FloatVector.broadcast(SPECIES, a[a2 + step]).fma(right, sum2);
            sum3 = FloatVector.broadcast(SPECIES, a[a3 + step]).fma(right, sum3);
            sum4 = FloatVector.broadcast(SPECIES, a[a4 + step]).fma(right, sum4);
            sum5 = FloatVector.broadcast(SPECIES, a[a5 + step]).fma(right, sum5);
            sum6 = FloatVector.broadcast(SPECIES, a[a6 + step]).fma(right, sum6);
            sum7 = FloatVector.broadcast(SPECIES, a[a7 + step]).fma(right, sum7);
        }
        int c1 = c0 + cRow;
        int c2 = c1 + cRow;
        int c3 = c2 + cRow;
        int c4 = c3 + cRow;
        int c5 = c4 + cRow;
        int c6 = c5 + cRow;
        int c7 = c6 + cRow;
        sum0.intoArray(c, c0);
        sum1.intoArray(c, c1);
        sum2.intoArray(c, c2);
        sum3.intoArray(c, c3);
        sum4.intoArray(c, c4);
        sum5.intoArray(c, c5);
        sum6.intoArray(c, c6);
        sum7.intoArray(c, c7);
    }
}
