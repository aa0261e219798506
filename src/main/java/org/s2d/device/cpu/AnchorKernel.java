package org.s2d.device.cpu;

import org.s2d.device.LossChecks;
import org.s2d.tensor.Tensor;

/**
 * Soft targets of the self-distillation loss: the k anchors of each class most similar (by cosine) to a feature, their
 * distributions averaged with the similarities as weights. Of equal similarities the lower index counts as the greater.
 */
final class AnchorKernel {
    /** Lower bound of a norm, as in torch.nn.functional.normalize: a zero vector is similar to nothing. */
    private static final double TINY = 1e-12;

    private AnchorKernel() {}

    /** In double on every device: a few thousand dot products per step. */
    static void forward(Tensor out, Tensor feature, Tensor queue, Tensor distribution, int k, Partition partition) {
        double[] norms = norms(queue);
        partition.run(feature.dim(0), 1, (worker, from, to) -> {
            for (long b = from; b < to; b++) {
                target(out, feature, queue, distribution, k, b, norms);
            }
        });
    }

    static void push(Tensor queue, Tensor rows, Tensor labels, Tensor factor) {
        LossChecks.push(queue, rows, labels, factor);
        if (!Double.isFinite(factor.getDouble(0))) {
            return;
        }
        Cells anchors = new Cells(queue);
        Cells samples = new Cells(rows);
        int width = rows.dim(1);
        long length = (long) queue.dim(1) * width;
        for (int b = 0; b < rows.dim(0); b++) {
            long first = length * (long) labels.getDouble(b);
            for (long i = 0; i < length; i++) {
                boolean shifted = i < length - width;
                anchors.set(
                        first + i,
                        shifted
                                ? anchors.get(first + i + width)
                                : samples.get((long) b * width + i - (length - width)));
            }
        }
    }

    private static double[] norms(Tensor queue) {
        int anchors = queue.dim(0) * queue.dim(1);
        double[] norms = new double[anchors];
        Cells rows = new Cells(queue);
        double[] row = new double[queue.dim(2)];
        for (int a = 0; a < anchors; a++) {
            rows.read((long) a * row.length, 1, row);
            norms[a] = norm(row);
        }
        return norms;
    }

    private static void target(
            Tensor out, Tensor feature, Tensor queue, Tensor distribution, int k, long b, double[] norms) {
        int classes = queue.dim(0);
        int size = queue.dim(1);
        double[] sample = new double[feature.dim(1)];
        double[] anchor = new double[sample.length];
        new Cells(feature).read(b * sample.length, 1, sample);
        double norm = norm(sample);
        Cells anchors = new Cells(queue);
        Cells distributions = new Cells(distribution);
        double[] sums = new double[classes];
        double[] similarity = new double[size];
        double total = 0;
        for (int c = 0; c < classes; c++) {
            for (int s = 0; s < size; s++) {
                int index = c * size + s;
                anchors.read((long) index * sample.length, 1, anchor);
                similarity[s] = dot(sample, anchor) / (norm * norms[index]);
            }
            for (int rank = 0; rank < k; rank++) {
                int best = best(similarity);
                double weight = similarity[best];
                similarity[best] = Double.NEGATIVE_INFINITY;
                total += weight;
                for (int i = 0; i < classes; i++) {
                    sums[i] += weight * distributions.get(((long) c * size + best) * classes + i);
                }
            }
        }
        Cells result = new Cells(out);
        for (int i = 0; i < classes; i++) {
            result.set(b * classes + i, sums[i] / total);
        }
    }

    /** NaN counts as the greatest, as in torch.topk. */
    private static int best(double[] similarity) {
        int best = 0;
        for (int s = 1; s < similarity.length; s++) {
            if (Double.compare(similarity[s], similarity[best]) > 0 && similarity[s] != similarity[best]) {
                best = s;
            }
        }
        return best;
    }

    private static double norm(double[] x) {
        return Math.max(Math.sqrt(dot(x, x)), TINY);
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }
}
