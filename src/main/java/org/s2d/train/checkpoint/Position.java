package org.s2d.train.checkpoint;

import org.s2d.train.step.TrainingStep;

/**
 * How far a run is. Together with the seed it determines every random number still to come.
 *
 * @param epoch epoch in progress, from 0
 * @param step optimiser steps done in it
 * @param globalStep optimiser steps done in all
 * @param lossSum sum of the losses of this epoch's steps
 * @param correct of this epoch's training samples
 * @param samples this epoch's training samples
 * @param best best value of the metric so far; negative before the first validation
 * @param bestEpoch its epoch, counted from 1
 */
public record Position(
        int epoch, int step, long globalStep, double lossSum, long correct, long samples, double best, int bestEpoch) {
    /** Before the first step. */
    public static Position start() {
        return new Position(0, 0, 0, 0, 0, 0, -1, 0);
    }

    /** After one more step. */
    public Position after(TrainingStep.Result result) {
        return new Position(
                epoch,
                step + 1,
                globalStep + 1,
                lossSum + result.loss(),
                correct + result.correct(),
                samples + result.samples(),
                best,
                bestEpoch);
    }

    /** With a best value found in this epoch. */
    public Position withBest(double value) {
        return new Position(epoch, step, globalStep, lossSum, correct, samples, value, epoch + 1);
    }

    /** Before the first step of the next epoch. */
    public Position nextEpoch() {
        return new Position(epoch + 1, 0, globalStep, 0, 0, 0, best, bestEpoch);
    }

    /** Mean loss of this epoch's steps. */
    public double meanLoss() {
        return lossSum / Math.max(1, step);
    }

    /** Part of this epoch's training samples that were classified rightly. */
    public double accuracy() {
        return correct / (double) Math.max(1, samples);
    }
}
