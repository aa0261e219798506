package org.s2d.device.cpu;

import org.jspecify.annotations.Nullable;
import org.s2d.device.AttentionSizes;
import org.s2d.tensor.Tensor;

/** Attention in double and plain loops: the specification of {@link OneDnnAttention}. */
final class AttentionReference {
    private final AttentionSizes sizes;
    private final double scale;
    private final double[] q;
    private final double[] k;
    private final double[] v;
    /** Probabilities of the row at hand, one per key. */
    private final double[] row;

    private AttentionReference(AttentionSizes sizes, double scale, Tensor q, Tensor k, Tensor v) {
        this.sizes = sizes;
        this.scale = scale;
        this.q = q.toDoubles();
        this.k = k.toDoubles();
        this.v = v.toDoubles();
        row = new double[sizes.keys()];
    }

    static void forward(Tensor out, @Nullable Tensor logSumExp, Tensor q, Tensor k, Tensor v, double scale) {
        AttentionSizes sizes = AttentionSizes.check("attention", q, k, v, out, logSumExp);
        new AttentionReference(sizes, scale, q, k, v).forward(out, logSumExp);
    }

    private void forward(Tensor out, @Nullable Tensor logSumExp) {
        double[] result = new double[q.length];
        double[] kept = new double[sizes.problems() * sizes.queries()];
        for (int problem = 0; problem < sizes.problems(); problem++) {
            for (int i = 0; i < sizes.queries(); i++) {
                kept[problem * sizes.queries() + i] = softmaxRow(problem, i);
                int at = row(problem, i, sizes.queries());
                for (int j = 0; j < sizes.keys(); j++) {
                    int from = row(problem, j, sizes.keys());
                    for (int c = 0; c < sizes.headDim(); c++) {
                        result[at + c] += row[j] * v[from + c];
                    }
                }
            }
        }
        store(out, result);
        if (logSumExp != null) {
            store(logSumExp, kept);
        }
    }

    static void backward(
            Tensor gradQ,
            Tensor gradK,
            Tensor gradV,
            Tensor gradOut,
            Tensor q,
            Tensor k,
            Tensor v,
            @Nullable Tensor out,
            Tensor logSumExp,
            double scale) {
        AttentionSizes sizes = AttentionSizes.check("attentionBackward", q, k, v, out, logSumExp);
        AttentionSizes.requireLike("attentionBackward", "gradOut", gradOut, "q", q);
        AttentionSizes.requireLike("attentionBackward", "gradQ", gradQ, "q", q);
        AttentionSizes.requireLike("attentionBackward", "gradK", gradK, "k", k);
        AttentionSizes.requireLike("attentionBackward", "gradV", gradV, "v", v);
        new AttentionReference(sizes, scale, q, k, v).backward(gradQ, gradK, gradV, gradOut.toDoubles());
    }

    private void backward(Tensor gradQ, Tensor gradK, Tensor gradV, double[] gradOut) {
        double[] toQ = new double[q.length];
        double[] toK = new double[k.length];
        double[] toV = new double[v.length];
        double[] gradRow = new double[sizes.keys()];
        for (int problem = 0; problem < sizes.problems(); problem++) {
            for (int i = 0; i < sizes.queries(); i++) {
                softmaxRow(problem, i);
                int at = row(problem, i, sizes.queries());
                double delta = 0;
                for (int j = 0; j < sizes.keys(); j++) {
                    gradRow[j] = dot(gradOut, at, v, row(problem, j, sizes.keys()));
                    delta += row[j] * gradRow[j];
                }
                for (int j = 0; j < sizes.keys(); j++) {
                    int from = row(problem, j, sizes.keys());
                    double gradScore = row[j] * (gradRow[j] - delta) * scale;
                    for (int c = 0; c < sizes.headDim(); c++) {
                        toQ[at + c] += gradScore * k[from + c];
                        toK[from + c] += gradScore * q[at + c];
                        toV[from + c] += row[j] * gradOut[at + c];
                    }
                }
            }
        }
        store(gradQ, toQ);
        store(gradK, toK);
        store(gradV, toV);
    }

    /** Fills {@link #row} with the probabilities of query i; returns its log-sum-exp. */
    private double softmaxRow(int problem, int i) {
        double max = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < row.length; j++) {
            row[j] = scale * dot(q, row(problem, i, sizes.queries()), k, row(problem, j, sizes.keys()));
            max = Math.max(max, row[j]);
        }
        double sum = 0;
        for (int j = 0; j < row.length; j++) {
            row[j] = Math.exp(row[j] - max);
            sum += row[j];
        }
        for (int j = 0; j < row.length; j++) {
            row[j] /= sum;
        }
        return max + Math.log(sum);
    }

    /** Start of one row of a head in a contiguous [B1, B2, S, H, d] array; problems count [B1, B2, H]. */
    private int row(int problem, int position, int length) {
        int sequence = problem / sizes.heads();
        return ((sequence * length + position) * sizes.heads() + problem % sizes.heads()) * sizes.headDim();
    }

    private double dot(double[] a, int aStart, double[] b, int bStart) {
        double sum = 0;
        for (int c = 0; c < sizes.headDim(); c++) {
            sum += a[aStart + c] * b[bStart + c];
        }
        return sum;
    }

    private static void store(Tensor out, double[] values) {
        for (int i = 0; i < values.length; i++) {
            out.setDouble(i, values[i]);
        }
    }
}
