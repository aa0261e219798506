package org.s2d.report;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.s2d.data.prepare.Progress;

/**
 * t-SNE, exact: every pair of points counts, so time and memory grow with their square (3,000 points: 36 MB, seconds to a minute). Begins
 * at the first two principal components and draws no random numbers; each point's sums run in one order, so the same features give the
 * same bits on any number of threads. Source: van der Maaten and Hinton, Visualizing Data using t-SNE, 2008; momentum, gains and
 * exaggeration as there; exaggeration 12 and the learning rate n/48 from Belkina et al., 2019.
 */
public final class Tsne {
    /** More points than this are neither quick nor readable. */
    public static final int MOST_POINTS = 3000;

    private static final int ITERATIONS = 1000;
    private static final int EXAGGERATED = 250;
    private static final double EXAGGERATION = 12;
    private static final double PERPLEXITY = 30;
    private static final double START_SIZE = 1e-4;
    private static final int SEVERAL_THREADS = 128;

    private final int count;
    private final float[] affinities;
    private final double[][] places;
    private final double[][] velocity;
    private final double[][] gains;
    private final double[][] pull;
    private final double[][] push;
    private final double[] weights;

    private Tsne(double[][] features) {
        count = features.length;
        affinities = affinities(features, Math.min(PERPLEXITY, (count - 1) / 3.0));
        places = PrincipalComponents.two(features, START_SIZE);
        velocity = new double[count][2];
        gains = new double[count][2];
        Arrays.stream(gains).forEach(row -> Arrays.fill(row, 1));
        pull = new double[count][2];
        push = new double[count][2];
        weights = new double[count];
    }

    /**
     * A place in the plane for each row of features; close rows come to lie close together.
     *
     * @param features [n][D], 4 to {@link #MOST_POINTS} rows
     */
    public static double[][] embed(double[][] features, Progress progress) {
        if (features.length < 4 || features.length > MOST_POINTS) {
            throw new IllegalArgumentException("t-SNE of " + features.length + " points, not 4 to " + MOST_POINTS);
        }
        Tsne tsne = new Tsne(features);
        for (int i = 0; i < ITERATIONS; i++) {
            boolean early = i < EXAGGERATED;
            tsne.step(early ? EXAGGERATION : 1, early ? 0.5 : 0.8);
            progress.advanced(i + 1, ITERATIONS);
        }
        return tsne.places;
    }

    private void step(double exaggeration, double momentum) {
        double rate = Math.max(50, count / (4 * EXAGGERATION));
        double[][] gradient = gradient(exaggeration);
        for (int i = 0; i < count; i++) {
            for (int k = 0; k < 2; k++) {
                boolean sameWay = Math.signum(gradient[i][k]) == Math.signum(velocity[i][k]);
                gains[i][k] = Math.max(0.01, sameWay ? gains[i][k] * 0.8 : gains[i][k] + 0.2);
                velocity[i][k] = momentum * velocity[i][k] - rate * gains[i][k] * gradient[i][k];
                places[i][k] += velocity[i][k];
            }
        }
        centre(places);
    }

    /** Of the Kullback-Leibler divergence: 4 sum_j (p_ij - q_ij) w_ij (y_i - y_j), w = 1 / (1 + |y_i - y_j|^2), q = w / sum w. */
    private double[][] gradient(double exaggeration) {
        rows(count).forEach(this::forces);
        double total = Arrays.stream(weights).sum();
        double[][] gradient = new double[count][2];
        for (int i = 0; i < count; i++) {
            for (int k = 0; k < 2; k++) {
                gradient[i][k] = 4 * (exaggeration * pull[i][k] - push[i][k] / total);
            }
        }
        return gradient;
    }

    /** All rows; few of them are done sooner than other threads are woken. */
    private static IntStream rows(int count) {
        IntStream rows = IntStream.range(0, count);
        return count < SEVERAL_THREADS ? rows : rows.parallel();
    }

    private void forces(int i) {
        double x = places[i][0];
        double y = places[i][1];
        double pullX = 0;
        double pullY = 0;
        double pushX = 0;
        double pushY = 0;
        double sum = 0;
        int row = i * count;
        for (int j = 0; j < count; j++) {
            double dx = x - places[j][0];
            double dy = y - places[j][1];
            double weight = 1 / (1 + dx * dx + dy * dy);
            double near = affinities[row + j] * weight;
            double far = weight * weight;
            pullX += near * dx;
            pullY += near * dy;
            pushX += far * dx;
            pushY += far * dy;
            sum += weight;
        }
        pull[i][0] = pullX;
        pull[i][1] = pullY;
        push[i][0] = pushX;
        push[i][1] = pushY;
        weights[i] = sum - 1; // without itself
    }

    /** Symmetric affinities p_ij that sum to 1: Gaussians as wide as the perplexity asks. */
    static float[] affinities(double[][] features, double perplexity) {
        int n = features.length;
        float[] result = new float[n * n];
        rows(n).forEach(i -> {
            double[] row = neighbours(features, i, perplexity);
            for (int j = 0; j < n; j++) {
                result[i * n + j] = (float) row[j];
            }
        });
        for (int i = 0; i < n; i++) {
            for (int j = 0; j <= i; j++) {
                float mean = (result[i * n + j] + result[j * n + i]) / (2 * n);
                result[i * n + j] = mean;
                result[j * n + i] = mean;
            }
        }
        return result;
    }

    /** p_j|i of all j: the width at which the row's entropy is the logarithm of the perplexity, by bisection. */
    static double[] neighbours(double[][] features, int i, double perplexity) {
        double[] distances = new double[features.length];
        double nearest = Double.POSITIVE_INFINITY;
        for (int j = 0; j < distances.length; j++) {
            distances[j] = squaredDistance(features[i], features[j]);
            nearest = j == i ? nearest : Math.min(nearest, distances[j]);
        }
        double low = 0;
        double high = Double.POSITIVE_INFINITY;
        double mean = Arrays.stream(distances).average().orElse(0);
        double precision = mean > 0 ? 1 / mean : 1;
        double[] row = new double[distances.length];
        for (int round = 0; round < 100; round++) {
            double entropy = gaussian(row, distances, i, nearest, precision);
            if (Math.abs(entropy - Math.log(perplexity)) < 1e-6) {
                break;
            }
            if (entropy > Math.log(perplexity)) {
                low = precision;
                precision = Double.isInfinite(high) ? precision * 2 : (precision + high) / 2;
            } else {
                high = precision;
                precision = (precision + low) / 2;
            }
        }
        return row;
    }

    /** Fills a row with probabilities; returns its entropy. Distances are taken from the nearest, so that one weight is 1. */
    private static double gaussian(double[] row, double[] distances, int i, double nearest, double precision) {
        double sum = 0;
        double weighted = 0;
        for (int j = 0; j < row.length; j++) {
            double distance = distances[j] - nearest;
            row[j] = j == i ? 0 : Math.exp(-precision * distance);
            sum += row[j];
            weighted += row[j] * distance;
        }
        for (int j = 0; j < row.length; j++) {
            row[j] /= sum;
        }
        return Math.log(sum) + precision * weighted / sum;
    }

    private static double squaredDistance(double[] a, double[] b) {
        double sum = 0;
        for (int k = 0; k < a.length; k++) {
            sum += (a[k] - b[k]) * (a[k] - b[k]);
        }
        return sum;
    }

    private static void centre(double[][] points) {
        for (int k = 0; k < 2; k++) {
            double sum = 0;
            for (double[] point : points) {
                sum += point[k];
            }
            for (double[] point : points) {
                point[k] -= sum / points.length;
            }
        }
    }
}
