package org.s2d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.s2d.data.prepare.Delaunay.Triangle;

class DelaunayTest {
    private static final int COUNT = 60;

    private final double[] x = new double[COUNT];
    private final double[] y = new double[COUNT];

    DelaunayTest() {
        Random random = new Random(3);
        for (int i = 0; i < COUNT; i++) {
            x[i] = i < 4 ? i % 2 * 100 : 1 + 98 * random.nextDouble();
            y[i] = i < 4 ? Math.floorDiv(i, 2) * 100 : 1 + 98 * random.nextDouble();
        }
    }

    @Test
    void trianglesCoverTheSquareOnce() {
        double area = 0;
        for (Triangle t : Delaunay.triangulate(x, y)) {
            double own = area(t);
            assertThat(own).as("turn of %s", t).isPositive();
            area += own;
        }
        assertThat(area).isCloseTo(10_000, within(1e-6));
    }

    @Test
    void noPointLiesInACircleThroughThreeCorners() {
        List<Triangle> triangles = Delaunay.triangulate(x, y);
        // Euler: a triangulated square with n points, 4 of them on its rim, has 2n - 2 - 4 triangles.
        assertThat(triangles).hasSize(2 * COUNT - 6);
        for (Triangle t : triangles) {
            double[] circle = circle(t);
            for (int i = 0; i < COUNT; i++) {
                double distance = Math.hypot(x[i] - circle[0], y[i] - circle[1]);
                assertThat(distance).isGreaterThan(circle[2] * (1 - 1e-9));
            }
        }
    }

    private double area(Triangle t) {
        return ((x[t.b()] - x[t.a()]) * (y[t.c()] - y[t.a()]) - (x[t.c()] - x[t.a()]) * (y[t.b()] - y[t.a()])) / 2;
    }

    /** Centre and radius: the point at equal distance from all corners. */
    private double[] circle(Triangle t) {
        double bx = x[t.b()] - x[t.a()];
        double by = y[t.b()] - y[t.a()];
        double cx = x[t.c()] - x[t.a()];
        double cy = y[t.c()] - y[t.a()];
        double d = 2 * (bx * cy - by * cx);
        double ux = (cy * (bx * bx + by * by) - by * (cx * cx + cy * cy)) / d;
        double uy = (bx * (cx * cx + cy * cy) - cx * (bx * bx + by * by)) / d;
        return new double[] {x[t.a()] + ux, y[t.a()] + uy, Math.hypot(ux, uy)};
    }
}
