package org.s2d.device.cpu;

import static org.s2d.device.cpu.TileProducts.LANES;
import static org.s2d.device.cpu.TileProducts.SPECIES;

import jdk.incubator.vector.FloatVector;

/**
 * Softmax along the columns of a block of scores: one row per key, one lane per query, so that sums over keys
 * stay within lanes; four sums take turns, which hides latency and keeps rounding errors small. Each method handles {@link TileProducts#LANES} columns.
 */
final class AttentionColumns {
    /** Queries per block; the row length of scores. */
    static final int BLOCK = 4 * LANES;

    private AttentionColumns() {}

    /** Replaces scores by {@code exp(score - shift)} and returns the sums of the columns. */
    static FloatVector exponentiate(float[] scores, int first, int rows, FloatVector shift) {
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int row = 0; row < rows; row++) {
            int at = first + row * BLOCK;
            FloatVector p =
                    VectorExp.exp(FloatVector.fromArray(SPECIES, scores, at).sub(shift));
            p.intoArray(scores, at);
            FloatVector next = sum0.add(p);
            sum0 = sum1;
            sum1 = sum2;
            sum2 = sum3;
            sum3 = next;
        }
        return sum0.add(sum1).add(sum2.add(sum3));
    }

    /** Column sums of {@code a * b}. */
    static FloatVector dot(float[] a, float[] b, int first, int rows) {
        FloatVector sum0 = FloatVector.zero(SPECIES);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        for (int row = 0; row < rows; row++) {
            int at = first + row * BLOCK;
            FloatVector next = FloatVector.fromArray(SPECIES, a, at).fma(FloatVector.fromArray(SPECIES, b, at), sum0);
            sum0 = sum1;
            sum1 = sum2;
            sum2 = sum3;
            sum3 = next;
        }
        return sum0.add(sum1).add(sum2.add(sum3));
    }

    /**
     * Gradient of softmax: scales {@code p} by {@code norm} to probabilities and replaces the gradients {@code g} of the probabilities by
     * those of the scores, {@code p * (g - delta)}.
     */
    static void differentiate(float[] p, float[] g, int first, int rows, FloatVector norm, FloatVector delta) {
        for (int row = 0; row < rows; row++) {
            int at = first + row * BLOCK;
            FloatVector probability = FloatVector.fromArray(SPECIES, p, at).mul(norm);
            probability.intoArray(p, at);
            FloatVector.fromArray(SPECIES, g, at).sub(delta).mul(probability).intoArray(g, at);
        }
    }
}
