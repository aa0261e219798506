package org.s2d.device.cpu;

import org.s2d.device.LossChecks;
import org.s2d.tensor.Tensor;

/**
 * Cosine similarity of rows q with one vector x, {@code q.x / (|q| |x|)}, norms at least {@link #EPS}. In double on every device: a few
 * rows.
 */
final class CosineKernel {
    /** Lower bound of a norm, as in torch.nn.functional.cosine_similarity. */
    private static final double EPS = 1e-8;

    private CosineKernel() {}

    static void forward(Tensor out, Tensor rows, Tensor x, Partition partition) {
        LossChecks.cosine("cosineSimilarity", out, rows, x);
        double[] vector = x.toDoubles();
        Cells to = new Cells(out);
        Cells from = new Cells(rows);
        double norm = norm(vector);
        partition.rows(out.numel(), vector.length, (worker, begin, end) -> {
            double[] q = new double[vector.length];
            for (long row = begin; row < end; row++) {
                from.read(row * q.length, 1, q);
                to.set(row, dot(q, vector) / (norm(q) * norm));
            }
        });
    }

    /** {@code gradRows = g (x / (|q||x|) - cos q / |q|^2)} and the same with q and x exchanged, summed over the rows in their order. */
    static void backward(Tensor gradRows, Tensor gradX, Tensor gradOut, Tensor rows, Tensor x) {
        LossChecks.cosineBackward(gradRows, gradX, gradOut, rows, x);
        double[] vector = x.toDoubles();
        double[] sum = new double[vector.length];
        double[] q = new double[vector.length];
        double[] gradQ = new double[vector.length];
        Cells to = new Cells(gradRows);
        Cells from = new Cells(rows);
        Cells grads = new Cells(gradOut);
        for (long row = 0; row < gradOut.numel(); row++) {
            from.read(row * q.length, 1, q);
            double grad = grads.get(row);
            double scale = grad / (norm(q) * norm(vector));
            double cosine = dot(q, vector) / (norm(q) * norm(vector));
            double alongQ = grad * cosine * slope(q);
            double alongX = grad * cosine * slope(vector);
            for (int i = 0; i < q.length; i++) {
                gradQ[i] = scale * vector[i] - alongQ * q[i];
                sum[i] += scale * q[i] - alongX * vector[i];
            }
            to.write(row * q.length, 1, gradQ);
        }
        new Cells(gradX).write(0, 1, sum);
    }

    /** Derivative of {@code log |v|} over v; none where the bound holds the norm. */
    private static double slope(double[] v) {
        double square = dot(v, v);
        return Math.sqrt(square) < EPS ? 0 : 1 / square;
    }

    private static double norm(double[] v) {
        return Math.max(Math.sqrt(dot(v, v)), EPS);
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
