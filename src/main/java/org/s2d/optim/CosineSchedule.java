package org.s2d.optim;

import org.s2d.tensor.UserException;

/**
 * A value per optimiser step: linear warm-up from {@code warmupStart} to {@code base}, both ends included, then half a cosine down
 * (or up) to {@code last}, which is not quite reached. With {@code warmupStart} 0, as in the authors' recipe, the first step
 * changes nothing.
 *
 * @param base value after warm-up
 * @param last value that the cosine approaches
 * @param steps optimiser steps of the whole run
 * @param warmupSteps steps of the warm-up; 0 for none
 * @param warmupStart value of the first warm-up step
 */
public record CosineSchedule(double base, double last, long steps, long warmupSteps, double warmupStart) {
    public CosineSchedule {
        if (steps < 1 || warmupSteps < 0 || warmupSteps > steps) {
            throw new UserException(
                    "schedule: " + warmupSteps + " warm-up steps do not fit a run of " + steps + " steps.");
        }
    }

    /**
     * Counted in epochs as configurations do.
     *
     * @param warmupSteps when positive it replaces {@code warmupEpochs}
     */
    public static CosineSchedule ofEpochs(
            double base,
            double last,
            int epochs,
            long stepsPerEpoch,
            int warmupEpochs,
            long warmupSteps,
            double start) {
        long warmup = warmupSteps > 0 ? warmupSteps : warmupEpochs * stepsPerEpoch;
        return new CosineSchedule(base, last, epochs * stepsPerEpoch, warmup, start);
    }

    /** The same value throughout. */
    public static CosineSchedule constant(double value, long steps) {
        return new CosineSchedule(value, value, steps, 0, value);
    }

    /** The value of a step, counted from 0; after the end, the last one. */
    public double at(long step) {
        if (step < warmupSteps) {
            boolean end = step == warmupSteps - 1 && warmupSteps > 1;
            return end ? base : warmupStart + step * ((base - warmupStart) / Math.max(1, warmupSteps - 1));
        }
        long decaying = steps - warmupSteps;
        long position = Math.min(step - warmupSteps, Math.max(0, decaying - 1));
        return last + 0.5 * (base - last) * (1 + Math.cos(Math.PI * position / Math.max(1, decaying)));
    }
}
