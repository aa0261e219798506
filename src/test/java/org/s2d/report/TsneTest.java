package org.s2d.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.s2d.data.prepare.Progress;

class TsneTest {
    private static final int GROUPS = 3;

    /** Three groups in ten dimensions, far apart; every third point belongs together. */
    private static double[][] groups(int count) {
        Random random = new Random(5);
        double[][] points = new double[count][10];
        for (int i = 0; i < count; i++) {
            for (int d = 0; d < 10; d++) {
                points[i][d] = random.nextGaussian() + (d == i % GROUPS ? 12 : 0);
            }
        }
        return points;
    }

    @Test
    void groupsThatAreApartStayApart() {
        AtomicInteger told = new AtomicInteger();
        double[][] places = Tsne.embed(groups(150), (done, total) -> told.set(100 * done / total));
        assertThat(told).hasValue(100);
        for (int i = 0; i < places.length; i++) {
            int nearest = nearest(places, i);
            assertThat(nearest % GROUPS).as("neighbour of %d", i).isEqualTo(i % GROUPS);
        }
    }

    private static int nearest(double[][] places, int i) {
        int best = -1;
        for (int j = 0; j < places.length; j++) {
            if (j != i && (best < 0 || distance(places, i, j) < distance(places, i, best))) {
                best = j;
            }
        }
        return best;
    }

    private static double distance(double[][] places, int i, int j) {
        return Math.hypot(places[i][0] - places[j][0], places[i][1] - places[j][1]);
    }

    @Test
    void theSameFeaturesGiveTheSameBitsOnAnyNumberOfThreads() throws Exception {
        double[][] points = groups(150);
        double[][] all = Tsne.embed(points, Progress.NONE);
        try (ForkJoinPool one = new ForkJoinPool(1)) {
            double[][] alone =
                    one.submit(() -> Tsne.embed(points, Progress.NONE)).get();
            assertThat(Arrays.deepEquals(all, alone)).isTrue();
        }
    }

    @Test
    void everyRowHasThePerplexityAskedFor() {
        double[][] points = groups(90);
        for (int i = 0; i < points.length; i += 10) {
            double entropy = 0;
            for (double p : Tsne.neighbours(points, i, 20)) {
                entropy -= p == 0 ? 0 : p * Math.log(p);
            }
            assertThat(Math.exp(entropy)).isCloseTo(20, within(1e-3));
        }
        float[] affinities = Tsne.affinities(points, 20);
        double sum = 0;
        for (int i = 0; i < affinities.length; i++) {
            sum += affinities[i];
            assertThat(affinities[i]).isEqualTo(affinities[i % 90 * 90 + i / 90]);
        }
        assertThat(sum).isCloseTo(1, within(1e-5));
    }

    @Test
    void equalPointsAreNoTrouble() {
        double[][] places = Tsne.embed(new double[8][5], Progress.NONE);
        assertThat(Arrays.stream(places).flatMapToDouble(Arrays::stream)).allMatch(Double::isFinite);
    }

    @Test
    void principalComponentsAreFoundInOrder() {
        Random random = new Random(3);
        double[][] points = new double[200][4];
        for (double[] point : points) {
            point[0] = 1 + 2 * random.nextGaussian();
            point[2] = 9 * random.nextGaussian();
            point[3] = 0.1 * random.nextGaussian();
        }
        double[][] places = PrincipalComponents.two(points, 1);
        double first = correlation(places, 0, points, 2);
        double second = correlation(places, 1, points, 0);
        assertThat(Math.abs(first)).isGreaterThan(0.99);
        assertThat(Math.abs(second)).isGreaterThan(0.99);
    }

    private static double correlation(double[][] a, int k, double[][] b, int d) {
        double meanA = Arrays.stream(a).mapToDouble(row -> row[k]).average().orElseThrow();
        double meanB = Arrays.stream(b).mapToDouble(row -> row[d]).average().orElseThrow();
        double both = 0;
        double squareA = 0;
        double squareB = 0;
        for (int i = 0; i < a.length; i++) {
            both += (a[i][k] - meanA) * (b[i][d] - meanB);
            squareA += (a[i][k] - meanA) * (a[i][k] - meanA);
            squareB += (b[i][d] - meanB) * (b[i][d] - meanB);
        }
        return both / Math.sqrt(squareA * squareB);
    }
}
