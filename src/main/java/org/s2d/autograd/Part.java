package org.s2d.autograd;

import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Some samples of a batch, which lie one after the other in the first dimension of a tensor; each may have several rows there.
 *
 * @param first number of the first one
 * @param count how many
 * @param all samples of the batch
 */
public record Part(int first, int count, int all) {
    /** Of a batch of any size. */
    public static final Part WHOLE = new Part(0, 1, 1);

    public Part {
        if (first < 0 || count < 1 || first + count > all) {
            throw new IllegalArgumentException("samples " + first + " to " + (first + count) + " of " + all);
        }
    }

    public boolean isWhole() {
        return count == all;
    }

    /** These samples' rows of a tensor of the batch; its first dimension is a multiple of the batch's size. */
    public Tensor of(Tensor batch) {
        int rows = batch.dim(0) / all;
        return batch.narrow(0, first * rows, count * rows);
    }

    /** The shape that the batch's tensor has where these samples' tensor has {@code own}. */
    public Shape batch(Shape own) {
        return own.with(0, own.dim(0) / count * all);
    }

    /** Part of the batch, from 0 to 1. */
    public double share() {
        return (double) count / all;
    }
}
