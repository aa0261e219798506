package org.s2d.device;

import java.util.List;
import org.s2d.tensor.Tensor;

/**
 * AdamW over a fixed list of tensors, step after step ({@link Optimizers#prepare}). Only {@link #rates} takes numbers from the host; the
 * rest never makes the host wait, and can be recorded and repeated.
 */
public interface PreparedAdamW {
    /** What changes from step to step for one slot; {@code step} counts from 1. */
    record Rate(long step, double lr, double weightDecay) {}

    /** For the updates that are enqueued from now on, one for each slot. */
    void rates(List<Rate> rates);

    /**
     * What a step is worth, found before its update.
     *
     * @param report F64 [2 + N] on the device: the factor for {@link #update}, which undoes the loss scale, brings the gradients' 2-norm down to
     *     {@code maxNorm} and is NaN when the norm or a watched value is not finite; the norm; the watched values. Source of the
     *     factor: torch.nn.utils.clip_grad_norm_
     * @param watched [N] in the device's float type
     * @param maxNorm 0 for no clipping
     * @param unscale the gradients, and so their norm, are meant times this
     */
    void judge(Tensor report, Tensor watched, double maxNorm, double unscale);

    /** One update with the gradients times {@code factor}, F64 [1] on the device; none when that is not finite. */
    void update(Tensor factor);
}
