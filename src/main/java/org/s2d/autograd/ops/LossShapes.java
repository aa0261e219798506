package org.s2d.autograd.ops;

import org.s2d.autograd.Var;
import org.s2d.tensor.ShapeException;

/** What the losses over classes demand of their operands. */
final class LossShapes {
    private LossShapes() {}

    static void check(String operation, Var logits, Var target) {
        if (logits.shape().rank() != 2 || !logits.shape().equals(target.shape())) {
            throw new ShapeException(operation + ": logits " + logits.shape() + " and target " + target.shape()
                    + " are not both [B, C]");
        }
        if (target.requiresGrad()) {
            throw new ShapeException(operation + ": targets carry no gradient");
        }
    }
}
