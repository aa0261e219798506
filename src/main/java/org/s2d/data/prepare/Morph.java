package org.s2d.data.prepare;

import java.util.ArrayList;
import java.util.List;
import org.s2d.data.prepare.Delaunay.Triangle;

/**
 * The way from one photograph to another of the same size. With landmarks: a piecewise affine warp, where points move on
 * straight lines, each triangle between them is taken from both pictures, and the two are cross-faded. Without: a
 * cross-fade alone.
 */
final class Morph {
    /** Landmarks nearer to the edge than this are left out: there the picture ends. */
    private static final double MARGIN = 2;
    /** Closed lips put points upon each other, which no triangulation can use. */
    private static final double APART = 1;

    private final Photo from;
    private final Photo to;
    private final List<double[]> pointsFrom = new ArrayList<>();
    private final List<double[]> pointsTo = new ArrayList<>();
    private final List<Triangle> triangles;

    /** Landmarks are x0, y0, x1, y1, ... in pixels of their picture; empty arrays for a cross-fade. */
    Morph(Photo from, Photo to, double[] landmarksFrom, double[] landmarksTo) {
        if (from.width != to.width || from.height != to.height || landmarksFrom.length != landmarksTo.length) {
            throw new IllegalArgumentException("a morph needs two pictures of one size with the same landmarks");
        }
        this.from = from;
        this.to = to;
        addBorder();
        for (int i = 0; i + 1 < landmarksFrom.length; i += 2) {
            addLandmark(landmarksFrom[i], landmarksFrom[i + 1], landmarksTo[i], landmarksTo[i + 1]);
        }
        int count = pointsFrom.size();
        double[] x = new double[count];
        double[] y = new double[count];
        for (int i = 0; i < count; i++) {
            x[i] = (pointsFrom.get(i)[0] + pointsTo.get(i)[0]) / 2;
            y[i] = (pointsFrom.get(i)[1] + pointsTo.get(i)[1]) / 2;
        }
        triangles = Delaunay.triangulate(x, y);
    }

    /** The picture at weight 0 (from) to 1 (to). */
    Photo at(double weight) {
        if (weight <= 0 || weight >= 1) {
            return weight <= 0 ? from : to;
        }
        Photo result = new Photo(from.width, from.height, from.planes.length);
        double[][] corners = new double[pointsFrom.size()][2];
        for (int i = 0; i < corners.length; i++) {
            corners[i][0] = mix(pointsFrom.get(i)[0], pointsTo.get(i)[0], weight);
            corners[i][1] = mix(pointsFrom.get(i)[1], pointsTo.get(i)[1], weight);
        }
        // Poor landmarks can fold triangles over and leave gaps, which then show the plain cross-fade.
        for (int plane = 0; plane < result.planes.length; plane++) {
            for (int i = 0; i < result.planes[plane].length; i++) {
                result.planes[plane][i] = (float) mix(from.planes[plane][i], to.planes[plane][i], weight);
            }
        }
        triangles.forEach(t -> fill(result, t, corners, weight));
        return result;
    }

    private void fill(Photo result, Triangle t, double[][] corners, double weight) {
        double[] a = corners[t.a()];
        double[] b = corners[t.b()];
        double[] c = corners[t.c()];
        double area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1]);
        if (Math.abs(area) < 1e-9) {
            return;
        }
        int left = (int) Math.max(0, Math.ceil(Math.min(a[0], Math.min(b[0], c[0]))));
        int right = (int) Math.min(result.width - 1, Math.floor(Math.max(a[0], Math.max(b[0], c[0]))));
        int top = (int) Math.max(0, Math.ceil(Math.min(a[1], Math.min(b[1], c[1]))));
        int bottom = (int) Math.min(result.height - 1, Math.floor(Math.max(a[1], Math.max(b[1], c[1]))));
        for (int y = top; y <= bottom; y++) {
            for (int x = left; x <= right; x++) {
                double second = ((x - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (y - a[1])) / area;
                double third = ((b[0] - a[0]) * (y - a[1]) - (x - a[0]) * (b[1] - a[1])) / area;
                double first = 1 - second - third;
                if (first >= -1e-6 && second >= -1e-6 && third >= -1e-6) {
                    blend(result, t, x, y, first, second, third, weight);
                }
            }
        }
    }

    /** One pixel, whose place within the triangle is given by the weights of its corners. */
    private void blend(
            Photo result, Triangle t, int x, int y, double first, double second, double third, double weight) {
        double fromX = place(pointsFrom, t, 0, first, second, third);
        double fromY = place(pointsFrom, t, 1, first, second, third);
        double toX = place(pointsTo, t, 0, first, second, third);
        double toY = place(pointsTo, t, 1, first, second, third);
        for (int plane = 0; plane < result.planes.length; plane++) {
            result.planes[plane][y * result.width + x] =
                    (float) mix(from.sample(plane, fromX, fromY), to.sample(plane, toX, toY), weight);
        }
    }

    private static double place(
            List<double[]> points, Triangle t, int axis, double first, double second, double third) {
        return first * points.get(t.a())[axis] + second * points.get(t.b())[axis] + third * points.get(t.c())[axis];
    }

    private void addBorder() {
        double right = from.width - 1;
        double bottom = from.height - 1;
        for (int i = 0; i < 4; i++) {
            double share = i / 4.0;
            addFixed(right * share, 0);
            addFixed(right, bottom * share);
            addFixed(right * (1 - share), bottom);
            addFixed(0, bottom * (1 - share));
        }
    }

    private void addFixed(double x, double y) {
        pointsFrom.add(new double[] {x, y});
        pointsTo.add(new double[] {x, y});
    }

    private void addLandmark(double fromX, double fromY, double toX, double toY) {
        if (!inside(fromX, fromY) || !inside(toX, toY)) {
            return;
        }
        double x = (fromX + toX) / 2;
        double y = (fromY + toY) / 2;
        for (int i = 0; i < pointsFrom.size(); i++) {
            double dx = (pointsFrom.get(i)[0] + pointsTo.get(i)[0]) / 2 - x;
            double dy = (pointsFrom.get(i)[1] + pointsTo.get(i)[1]) / 2 - y;
            if (dx * dx + dy * dy < APART * APART) {
                return;
            }
        }
        pointsFrom.add(new double[] {fromX, fromY});
        pointsTo.add(new double[] {toX, toY});
    }

    private boolean inside(double x, double y) {
        return x >= MARGIN && y >= MARGIN && x <= from.width - 1 - MARGIN && y <= from.height - 1 - MARGIN;
    }

    private static double mix(double first, double second, double weight) {
        return first + (second - first) * weight;
    }
}
