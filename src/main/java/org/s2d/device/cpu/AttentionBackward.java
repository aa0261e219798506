package org.s2d.device.cpu;

import static org.s2d.device.cpu.AttentionColumns.BLOCK;
import static org.s2d.device.cpu.TileProducts.LANES;
import static org.s2d.device.cpu.TileProducts.ROWS;
import static org.s2d.device.cpu.TileProducts.SPECIES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import org.s2d.device.AttentionSizes;
import org.s2d.device.cpu.TileProducts.Matrix;

/**
 * Gradients of attention, one head at a time in a worker's scratch memory, which holds the head's keys and values and the scores of one
 * block of queries against all keys: no S x S matrix, and everything stays in the second-level cache. Scores are kept
 * transposed, [keys, BLOCK]: the softmax of a query runs down a lane, and the products read them as they lie. The
 * specification is {@link AttentionReference}.
 *
 * <p>The probabilities are computed again as {@code exp(score - logSumExp)}. They are normalised once more, because
 * rounding logSumExp to F32 scales a whole row; and {@code delta = sum P * dP} is taken from them instead of {@code sum dO * O}, which is
 * equal but would carry the rounding of a BF16 result.
 *
 * <p>One instance per worker; not thread-safe.
 */
final class AttentionBackward {
    /** Keys per step of the products that sum over keys: their rows stay in the first-level cache for all queries. */
    private static final int KEY_CHUNK = 64;

    private int width;
    private int stride;
    private int paddedKeys;
    private float[] keys = {};
    private float[] values = {};
    private float[] gradKeys = {};
    private float[] gradValues = {};
    private float[] scores = {};
    private float[] gradScores = {};
    private float[] queries = {};
    private float[] grads = {};
    private float[] across = {};
    private float[] result = {};
    private final float[] logSums = new float[BLOCK];

    record Call(
            AttentionSizes sizes,
            HeadRows gradQ,
            HeadRows gradK,
            HeadRows gradV,
            HeadRows gradOut,
            HeadRows q,
            HeadRows k,
            HeadRows v,
            MemorySegment logSumExp,
            float scale) {}

    private void prepare(AttentionSizes sizes) {
        width = sizes.headDim();
        stride = Math.ceilDiv(width, LANES) * LANES;
        paddedKeys = Math.ceilDiv(sizes.keys(), ROWS) * ROWS;
        keys = room(keys, paddedKeys * stride);
        values = room(values, paddedKeys * stride);
        scores = room(scores, paddedKeys * BLOCK);
        queries = room(queries, BLOCK * stride);
        across = room(across, BLOCK * width);
        result = room(result, BLOCK * stride);
        gradKeys = room(gradKeys, paddedKeys * stride);
        gradValues = room(gradValues, paddedKeys * stride);
        gradScores = room(gradScores, paddedKeys * BLOCK);
        grads = room(grads, BLOCK * stride);
    }

    private static float[] room(float[] present, int size) {
        return present.length >= size ? present : new float[size];
    }

    /** Heads {@code from} (included) to {@code to} (excluded). */
    void run(Call call, int from, int to) {
        prepare(call.sizes);
        int keyCount = call.sizes.keys();
        for (int problem = from; problem < to; problem++) {
            call.k.load(problem, 0, keyCount, 1, keys, stride, paddedKeys);
            call.v.load(problem, 0, keyCount, 1, values, stride, paddedKeys);
            Arrays.fill(gradKeys, 0, paddedKeys * stride, 0);
            Arrays.fill(gradValues, 0, paddedKeys * stride, 0);
            for (int first = 0; first < call.sizes.queries(); first += BLOCK) {
                block(call, problem, first, Math.min(BLOCK, call.sizes.queries() - first));
            }
            call.gradK.store(problem, 0, keyCount, gradKeys, stride);
            call.gradV.store(problem, 0, keyCount, gradValues, stride);
        }
    }

    private void block(Call call, int problem, int first, int count) {
        int keyCount = call.sizes.keys();
        loadBlock(call.q, problem, first, count, call.scale, queries);
        multiplyAcross(scores, keys, queries, keyCount, count);
        loadBlock(call.gradOut, problem, first, count, 1, grads);
        multiplyAcross(gradScores, values, grads, keyCount, count);
        long at = (long) problem * call.sizes.queries() + first;
        MemorySegment.copy(call.logSumExp, ValueLayout.JAVA_FLOAT, at * Float.BYTES, logSums, 0, count);
        for (int lane = 0; lane < count; lane += LANES) {
            FloatVector shift = FloatVector.fromArray(SPECIES, logSums, lane);
            FloatVector sum = AttentionColumns.exponentiate(scores, lane, keyCount, shift);
            FloatVector norm = FloatVector.broadcast(SPECIES, 1).div(sum);
            FloatVector delta =
                    AttentionColumns.dot(scores, gradScores, lane, keyCount).mul(norm);
            AttentionColumns.differentiate(scores, gradScores, lane, keyCount, norm, delta);
        }
        overQueries(gradValues, scores, grads, keyCount, count);
        overQueries(gradKeys, gradScores, queries, keyCount, count);
        overKeys(result, gradScores, keys, keyCount, count);
        for (int i = 0; i < count; i++) {
            scaleRow(result, i, call.scale);
        }
        call.gradQ.store(problem, first, count, result, stride);
    }

    private void scaleRow(float[] rows, int row, float factor) {
        for (int i = row * stride; i < (row + 1) * stride; i++) {
            rows[i] *= factor;
        }
    }

    private void loadBlock(HeadRows rows, int problem, int first, int count, float factor, float[] to) {
        rows.load(problem, first, count, factor, to, stride, Math.ceilDiv(count, LANES) * LANES);
    }

    /** {@code to[key, query] = sum_c rows[key, c] * block[query, c]}. */
    private void multiplyAcross(float[] to, float[] rows, float[] block, int keyCount, int count) {
        int lanes = Math.ceilDiv(count, LANES) * LANES;
        for (int c = 0; c < width; c++) {
            for (int i = 0; i < lanes; i++) {
                across[c * BLOCK + i] = block[i * stride + c];
            }
        }
        Matrix right = new Matrix(across, 0, BLOCK, 1);
        TileProducts.multiply(
                new Matrix(to, 0, BLOCK, 1), new Matrix(rows, 0, stride, 1), right, keyCount, width, count);
    }

    /** {@code to[query, c] = sum_key weights[key, query] * rows[key, c]}. */
    private void overKeys(float[] to, float[] weights, float[] rows, int keyCount, int count) {
        Matrix left = new Matrix(weights, 0, 1, BLOCK);
        Matrix right = new Matrix(rows, 0, stride, 1);
        Matrix out = new Matrix(to, 0, stride, 1);
        TileProducts.multiply(out, left, right, count, Math.min(KEY_CHUNK, keyCount), width);
        for (int key = KEY_CHUNK; key < keyCount; key += KEY_CHUNK) {
            int depth = Math.min(KEY_CHUNK, keyCount - key);
            TileProducts.accumulate(out, left.from(0, key), right.from(key, 0), count, depth, width);
        }
    }

    /** {@code to[key, c] += sum_query weights[key, query] * block[query, c]}. */
    private void overQueries(float[] to, float[] weights, float[] block, int keyCount, int count) {
        Matrix left = new Matrix(weights, 0, BLOCK, 1);
        Matrix right = new Matrix(block, 0, stride, 1);
        TileProducts.accumulate(new Matrix(to, 0, stride, 1), left, right, keyCount, count, width);
    }
}
