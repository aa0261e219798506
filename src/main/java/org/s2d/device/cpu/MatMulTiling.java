package org.s2d.device.cpu;

import java.util.ArrayList;
import java.util.List;

/**
 * How a product is cut into tiles that workers compute side by side. Every tile covers the whole inner dimension, so no
 * partial sums have to be added, and the cut depends only on the problem and the number of workers.
 */
final class MatMulTiling {
    /** A range of batches, rows and columns of the output. */
    record Tile(long batch, long batches, long row, long rows, long column, long columns) {}

    /** Below this, waking another worker takes longer than it saves. */
    private static final double SERIAL_FLOPS = 2e6;

    /** Columns of a tile are a multiple of this: the widest register block of oneDNN's kernels. */
    private static final long COLUMN_GRAIN = 64;

    private static final long ROW_GRAIN = 8;

    /** What bringing one column of B into a tile costs, in rows' worth of products. */
    private static final long COLUMN_COST = 32;

    /** The same for one row of A, which is read in place when it is contiguous and transposed otherwise. */
    private static final long ROW_COST = 8;

    private static final long TRANSPOSED_ROW_COST = 64;

    private MatMulTiling() {}

    /** At most {@code workers} tiles, which together cover the output once. */
    static List<Tile> tiles(MatMulProblem problem, int workers) {
        int[] best = {1, 1, 1};
        long bestCost = Long.MAX_VALUE;
        int limit = problem.flops() < SERIAL_FLOPS ? 1 : workers;
        for (int rowParts = 1; rowParts <= limit; rowParts++) {
            for (int columnParts = 1; columnParts <= limit / rowParts; columnParts++) {
                int batchParts = (int) Math.min(problem.batch(), limit / (rowParts * columnParts));
                long cost = cost(problem, batchParts, rowParts, columnParts);
                if (cost < bestCost) {
                    bestCost = cost;
                    best = new int[] {batchParts, rowParts, columnParts};
                }
            }
        }
        return cut(problem, best[0], best[1], best[2]);
    }

    /** Tiles of whole rows, one per worker: what a right operand costs that is packed already. */
    static List<Tile> rows(MatMulProblem problem, int workers) {
        return cut(problem, 1, workers, 1);
    }

    /** Work of the largest tile. */
    private static long cost(MatMulProblem problem, int batchParts, int rowParts, int columnParts) {
        long batches = Math.ceilDiv(problem.batch(), batchParts);
        long rows = largest(problem.m(), ROW_GRAIN, rowParts);
        long columns = largest(problem.n(), COLUMN_GRAIN, columnParts);
        long rowCost = problem.a().columnStride() == 1 ? ROW_COST : TRANSPOSED_ROW_COST;
        return batches * (rows * columns + COLUMN_COST * columns + rowCost * rows);
    }

    private static long largest(long size, long grain, int parts) {
        return Math.min(size, Math.ceilDiv(Math.ceilDiv(size, grain), parts) * grain);
    }

    private static List<Tile> cut(MatMulProblem problem, int batchParts, int rowParts, int columnParts) {
        List<Tile> tiles = new ArrayList<>();
        for (int i = 0; i < batchParts; i++) {
            long batch = start(problem.batch(), 1, i, batchParts);
            long batches = start(problem.batch(), 1, i + 1, batchParts) - batch;
            for (int j = 0; j < rowParts; j++) {
                long row = start(problem.m(), ROW_GRAIN, j, rowParts);
                long rows = start(problem.m(), ROW_GRAIN, j + 1, rowParts) - row;
                for (int l = 0; l < columnParts; l++) {
                    long column = start(problem.n(), COLUMN_GRAIN, l, columnParts);
                    long columns = start(problem.n(), COLUMN_GRAIN, l + 1, columnParts) - column;
                    if (batches > 0 && rows > 0 && columns > 0) {
                        tiles.add(new Tile(batch, batches, row, rows, column, columns));
                    }
                }
            }
        }
        return tiles;
    }

    /** Where part {@code index} of {@code parts} begins; the first parts are at most one grain longer than the last. */
    private static long start(long size, long grain, int index, int parts) {
        long units = Math.ceilDiv(size, grain);
        return Math.min(size, (units / parts * index + Math.min(index, units % parts)) * grain);
    }
}
