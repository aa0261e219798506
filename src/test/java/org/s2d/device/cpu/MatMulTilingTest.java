package org.s2d.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.s2d.device.Products.Activation;
import org.s2d.device.cpu.MatMulProblem.Layout;
import org.s2d.device.cpu.MatMulTiling.Tile;
import org.s2d.tensor.DType;

class MatMulTilingTest {
    private static MatMulProblem problem(long batch, long m, long n, long k) {
        Layout a = new Layout(DType.F32, batch == 1 ? 0 : m * k, k, 1);
        Layout b = new Layout(DType.F32, batch == 1 ? 0 : k * n, n, 1);
        Layout out = new Layout(DType.F32, batch == 1 ? 0 : m * n, n, 1);
        return new MatMulProblem(batch, m, n, k, a, b, out, null, Activation.NONE, null, false, false);
    }

    @ParameterizedTest
    @CsvSource({
        "1, 3152, 3072, 768, 2",
        "1, 3152, 768, 3072, 16",
        "1, 192, 768, 3152, 64",
        "1, 1, 100000, 64, 5",
        "1, 100000, 1, 64, 5",
        "197, 9, 70, 640, 4",
        "3, 500, 500, 50, 2",
        "1, 7, 65, 30000, 8",
        "1, 8, 8, 8, 4"
    })
    void tilesCoverTheOutputExactlyOnce(long batch, long m, long n, long k, int workers) {
        List<Tile> tiles = MatMulTiling.tiles(problem(batch, m, n, k), workers);
        assertThat(tiles).hasSizeBetween(1, workers);
        long covered = 0;
        for (Tile tile : tiles) {
            covered += tile.batches() * tile.rows() * tile.columns();
            assertThat(tile.batch() + tile.batches()).isLessThanOrEqualTo(batch);
            assertThat(tile.row() + tile.rows()).isLessThanOrEqualTo(m);
            assertThat(tile.column() + tile.columns()).isLessThanOrEqualTo(n);
            assertThat(tile.column() % 64).isZero();
            assertThat(tiles).noneMatch(other -> !other.equals(tile) && intersect(tile, other));
        }
        assertThat(covered).isEqualTo(batch * m * n);
    }

    private static boolean intersect(Tile a, Tile b) {
        return a.batch() < b.batch() + b.batches()
                && b.batch() < a.batch() + a.batches()
                && a.row() < b.row() + b.rows()
                && b.row() < a.row() + a.rows()
                && a.column() < b.column() + b.columns()
                && b.column() < a.column() + a.columns();
    }

    @ParameterizedTest
    @CsvSource({
        "1, 3152, 3072, 768, 2, 1.01", "1, 3152, 768, 3072, 2, 1.01", "1, 192, 768, 3152, 2, 1.01",
        "1, 8, 768, 3152, 2, 1.01", "3, 500, 500, 50, 2, 1.03", "1, 3152, 768, 768, 16, 1.1"
    })
    void theLargestTileIsCloseToAFairShare(long batch, long m, long n, long k, int workers, double limit) {
        List<Tile> tiles = MatMulTiling.tiles(problem(batch, m, n, k), workers);
        long largest = tiles.stream()
                .mapToLong(tile -> tile.batches() * tile.rows() * tile.columns())
                .max()
                .orElseThrow();
        assertThat((double) largest * workers / (batch * m * n)).isLessThan(limit);
    }

    @ParameterizedTest
    @CsvSource({"1, 64, 64, 64", "1, 3152, 7, 32", "4, 16, 16, 16"})
    void smallProductsStayOnOneWorker(long batch, long m, long n, long k) {
        assertThat(MatMulTiling.tiles(problem(batch, m, n, k), 8)).hasSize(1);
    }
}
