package org.s2d.report;

import java.util.Arrays;

/** The two directions in which points vary most, by power iteration. */
final class PrincipalComponents {
    private static final int ROUNDS = 100;

    private PrincipalComponents() {}

    /**
     * Points [n][D] along their first two principal components, [n][2], the first with the standard deviation given and the second smaller
     * in proportion. Equal points come to lie on the origin.
     */
    static double[][] two(double[][] points, double deviation) {
        double[][] rest = centred(points);
        double[][] result = new double[points.length][2];
        for (int k = 0; k < 2; k++) {
            double[] direction = strongest(rest);
            for (int i = 0; i < rest.length; i++) {
                double along = dot(rest[i], direction);
                result[i][k] = along;
                for (int d = 0; d < direction.length; d++) {
                    rest[i][d] -= along * direction[d];
                }
            }
        }
        double size = Math.sqrt(
                Arrays.stream(result).mapToDouble(row -> row[0] * row[0]).sum() / points.length);
        for (double[] row : result) {
            row[0] *= size == 0 ? 0 : deviation / size;
            row[1] *= size == 0 ? 0 : deviation / size;
        }
        return result;
    }

    private static double[][] centred(double[][] points) {
        double[] mean = new double[points[0].length];
        for (double[] point : points) {
            for (int d = 0; d < mean.length; d++) {
                mean[d] += point[d] / points.length;
            }
        }
        double[][] result = new double[points.length][mean.length];
        for (int i = 0; i < points.length; i++) {
            for (int d = 0; d < mean.length; d++) {
                result[i][d] = points[i][d] - mean[d];
            }
        }
        return result;
    }

    /** Unit vector; starts from the longest row, which is no stranger to the strongest direction. */
    private static double[] strongest(double[][] rows) {
        double[] direction = Arrays.stream(rows)
                .max((a, b) -> Double.compare(dot(a, a), dot(b, b)))
                .orElseThrow()
                .clone();
        for (int round = 0; round < ROUNDS; round++) {
            double[] next = new double[direction.length];
            for (double[] row : rows) {
                double along = dot(row, direction);
                for (int d = 0; d < next.length; d++) {
                    next[d] += along * row[d];
                }
            }
            double length = Math.sqrt(dot(next, next));
            if (length == 0) {
                return next;
            }
            Arrays.setAll(next, d -> next[d] / length);
            direction = next;
        }
        return direction;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int d = 0; d < a.length; d++) {
            sum += a[d] * b[d];
        }
        return sum;
    }
}
