package org.s2d.optim;

import org.s2d.tensor.UserException;

/**
 * Keeps small gradients above the smallest half-precision number: the loss is multiplied by a scale before the backward pass, the
 * gradients are divided by it before the update. A step whose gradients overflow is left out and halves the scale; after {@link
 * #GROWTH_INTERVAL} steps in a row without overflow it doubles. Scales are powers of two times the first one, so that with the usual
 * first one scaling changes no bit of a gradient that neither overflows nor underflows. Source: torch.cuda.amp.GradScaler.
 */
public final class LossScaler {
    /** First scale of the authors' scripts. */
    public static final double USUAL = 65536;

    /** Steps without overflow before the scale doubles. */
    public static final int GROWTH_INTERVAL = 2000;

    private static final double GROWTH = 2;
    private static final double BACKOFF = 0.5;

    /** Below this no gradient overflows by being scaled: something else is wrong. */
    private static final double SMALLEST = 0x1p-24;

    private final boolean dynamic;
    private double scale;
    private int stepsSinceChange;

    /** What a checkpoint keeps. */
    public record State(double scale, int stepsSinceChange) {}

    private LossScaler(boolean dynamic, double scale) {
        this.dynamic = dynamic;
        this.scale = scale;
    }

    /** No scaling: an overflow is an error. */
    public static LossScaler off() {
        return new LossScaler(false, 1);
    }

    /** Starts from a scale, which must be positive. */
    public static LossScaler dynamic(double firstScale) {
        if (!(firstScale > 0) || Double.isInfinite(firstScale)) {
            throw new UserException("loss scale " + firstScale + ": expected a positive number.");
        }
        return new LossScaler(true, firstScale);
    }

    /** Whether overflows are answered by a smaller scale. */
    public boolean isDynamic() {
        return dynamic;
    }

    /** Factor on the next step's loss. */
    public double scale() {
        return scale;
    }

    /**
     * To be called after every backward pass of a step.
     *
     * @param overflow whether a gradient was not finite
     * @throws UserException when gradients overflow at scales too small to be the reason
     */
    public void update(boolean overflow) {
        if (!dynamic) {
            return;
        }
        if (overflow) {
            scale *= BACKOFF;
            stepsSinceChange = 0;
            if (scale < SMALLEST) {
                throw new UserException("gradients are not finite at a loss scale of " + scale
                        + " either. Lower optim.lr, set optim.clip_grad, or train in bf16 or fp32.");
            }
        } else if (++stepsSinceChange == GROWTH_INTERVAL) {
            scale *= GROWTH;
            stepsSinceChange = 0;
        }
    }

    public State state() {
        return new State(scale, stepsSinceChange);
    }

    /** Continues where the scaler that had this state stood. */
    public void restore(State state) {
        scale = state.scale;
        stepsSinceChange = state.stepsSinceChange;
    }
}
