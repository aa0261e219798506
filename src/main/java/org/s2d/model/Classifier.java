package org.s2d.model;

import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.nn.Parameter;
import org.s2d.tensor.Shape;

/** A network that gives every clip a score for each class. */
public interface Classifier {
    /**
     * What it says of a batch.
     *
     * @param logits scores [B, C] before the softmax
     * @param feature [B, D], what the scores are computed from
     * @param balanceLoss a scalar to be added to the loss in training; null for none
     */
    record Output(Var logits, Var feature, @Nullable Var balanceLoss) {}

    /** All parameters by full name, in state-dict order. */
    Map<String, Parameter> parameters();

    /**
     * Classifies clips x [B, 3, T, H, W], normalised as ImageNet.
     *
     * @param landmarks landmark feature maps of clips, for networks that look at them; others never ask
     */
    Output classify(Tape tape, Var x, UnaryOperator<Var> landmarks);

    /** Classes C for clips of a shape [B, 3, T, H, W]. */
    int classes(Shape clips);

    /** Width D of the feature. */
    int width();

    /** Blocks of the encoder. */
    int depth();
}
