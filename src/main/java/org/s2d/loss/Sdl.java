package org.s2d.loss;

import java.util.Objects;
import java.util.SplittableRandom;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.AnchorLoss;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.device.Device;
import org.s2d.device.Losses;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/**
 * Self-distillation loss: per class a first-in-first-out queue of features ("anchors") with the distributions that were predicted
 * for them. A sample's soft target is the mean distribution of its k most similar anchors of every class, weighted by cosine
 * similarity; the loss is {@code mean bce(logits, target)}. Both queues start uniform in [0, 1), so early targets do not sum to 1.
 *
 * <p>Shapes: queue [C, size, D], distributions [C, size, C], feature [B, D], logits [B, C]. The target carries no gradient.
 * Source: Chen et al., arXiv 2312.05447.
 */
public final class Sdl {
    private final Device device;
    private final int k;
    private final Tensor queue;
    private final Tensor distributions;

    /** A queue of random anchors, a function of the seed; it lives in {@code scope}. */
    public Sdl(Device device, Scope scope, int classes, int size, int dim, int k, long seed) {
        if (k < 1 || k > size) {
            throw new UserException("sdl: k = " + k + " anchors of each class, but the queue holds " + size + ".");
        }
        this.device = device;
        this.k = k;
        SplittableRandom random = new SplittableRandom(seed);
        queue = uniform(scope, random, Shape.of(classes, size, dim));
        distributions = uniform(scope, random, Shape.of(classes, size, classes));
    }

    private Tensor uniform(Scope scope, SplittableRandom random, Shape shape) {
        float[] values = new float[Math.toIntExact(shape.numel())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextInt(1 << 24) / (1 << 24);
        }
        Tensor tensor = scope.allocate(device.floatType(), shape);
        device.upload(tensor, values);
        return tensor;
    }

    /** Features of the anchors, oldest first. */
    public Tensor queue() {
        return queue;
    }

    /** Distributions predicted for the anchors, oldest first. */
    public Tensor distributions() {
        return distributions;
    }

    /** Continues with the anchors of an earlier run; host tensors of the same shapes. */
    public void restore(Tensor savedQueue, Tensor savedDistributions) {
        if (!savedQueue.shape().equals(queue.shape())
                || !savedDistributions.shape().equals(distributions.shape())) {
            throw new ShapeException("sdl: saved queue " + savedQueue.shape() + " and distributions "
                    + savedDistributions.shape() + ", expected " + queue.shape() + " and " + distributions.shape());
        }
        device.upload(queue, savedQueue);
        device.upload(distributions, savedDistributions);
    }

    /** The loss, a scalar before its weight, with its soft targets [B, C]. */
    public record Distilled(Var loss, Var target) {}

    /** Of class scores [B, C] and features [B, D], which carry no gradient here. */
    public Distilled loss(Tape tape, Var logits, Tensor feature) {
        AnchorLoss.Result result = AnchorLoss.apply(tape, logits, feature, new Losses.Anchors(queue, distributions), k);
        return new Distilled(Arithmetic.mean(tape, result.loss(), 0), result.target());
    }

    /**
     * Each sample, in order, replaces the oldest anchor of its class.
     *
     * @param feature [B, D] and {@code logits} [B, C], on the device
     * @param labels [B], true class of every sample, on the device in its float type
     * @param factor F64 [1] on the device: nothing happens when it is not finite
     */
    public void update(Tensor feature, Tensor logits, Tensor labels, Tensor factor) {
        try (Scope scratch = new Scope(device.allocator())) {
            Tensor predicted = scratch.allocate(device.floatType(), logits.shape());
            device.normalization().softmax(predicted, logits);
            device.losses().pushAnchors(queue, feature, labels, factor);
            device.losses().pushAnchors(distributions, predicted, labels, factor);
        }
    }

    /** As above, with labels from the host. */
    public void update(Tensor feature, Tensor logits, long[] labels) {
        try (Scope scratch = new Scope(device.allocator())) {
            float[] values = new float[labels.length];
            for (int i = 0; i < values.length; i++) {
                values[i] = Objects.checkIndex(Math.toIntExact(labels[i]), queue.dim(0));
            }
            Tensor classes = scratch.allocate(device.floatType(), Shape.of(values.length));
            device.upload(classes, values);
            Tensor one = scratch.allocate(DType.F64, Shape.of(1));
            device.upload(one, 1);
            update(feature, logits, classes, one);
        }
    }
}
