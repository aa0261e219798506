package org.s2d.data.prepare;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Delaunay triangulation by insertion (Bowyer and Watson): no point lies inside the circle through a triangle's corners,
 * which keeps triangles as round as they can be. Quadratic in the points, of which a face has under a hundred.
 */
final class Delaunay {
    /** Corners as indices into the points. */
    record Triangle(int a, int b, int c) {}

    private record Edge(int from, int to) {
        Edge reversed() {
            return new Edge(to, from);
        }
    }

    private final double[] x;
    private final double[] y;
    private final List<Triangle> triangles = new ArrayList<>();

    private Delaunay(double[] xs, double[] ys) {
        int count = xs.length;
        x = java.util.Arrays.copyOf(xs, count + 3);
        y = java.util.Arrays.copyOf(ys, count + 3);
        double extent = 1;
        for (int i = 0; i < count; i++) {
            extent = Math.max(extent, Math.max(Math.abs(xs[i]), Math.abs(ys[i])));
        }
        // A triangle far around everything, taken away at the end.
        double far = 1e4 * extent;
        x[count] = -far;
        y[count] = -far;
        x[count + 1] = far;
        y[count + 1] = -far;
        x[count + 2] = 0;
        y[count + 2] = far;
        triangles.add(new Triangle(count, count + 1, count + 2));
        for (int i = 0; i < count; i++) {
            insert(i);
        }
        triangles.removeIf(t -> t.a >= count || t.b >= count || t.c >= count);
    }

    /** All triangles, corners in the same direction of turn. The points must be distinct. */
    static List<Triangle> triangulate(double[] xs, double[] ys) {
        return List.copyOf(new Delaunay(xs, ys).triangles);
    }

    private void insert(int point) {
        Set<Edge> edges = new HashSet<>();
        List<Triangle> kept = new ArrayList<>();
        List<Edge> loose = new ArrayList<>();
        for (Triangle t : triangles) {
            if (circleHolds(t, point)) {
                for (Edge edge : List.of(new Edge(t.a, t.b), new Edge(t.b, t.c), new Edge(t.c, t.a))) {
                    edges.add(edge);
                    loose.add(edge);
                }
            } else {
                kept.add(t);
            }
        }
        triangles.clear();
        triangles.addAll(kept);
        // Edges of one removed triangle only are the rim of the hole.
        for (Edge edge : loose) {
            if (!edges.contains(edge.reversed())) {
                triangles.add(new Triangle(edge.from, edge.to, point));
            }
        }
    }

    private boolean circleHolds(Triangle t, int p) {
        double ax = x[t.a] - x[p];
        double ay = y[t.a] - y[p];
        double bx = x[t.b] - x[p];
        double by = y[t.b] - y[p];
        double cx = x[t.c] - x[p];
        double cy = y[t.c] - y[p];
        double determinant = (ax * ax + ay * ay) * (bx * cy - cx * by)
                - (bx * bx + by * by) * (ax * cy - cx * ay)
                + (cx * cx + cy * cy) * (ax * by - bx * ay);
        return determinant > 0;
    }
}
