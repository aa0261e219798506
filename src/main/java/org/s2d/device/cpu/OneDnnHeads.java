package org.s2d.device.cpu;

import static org.s2d.device.cpu.OneDnnLibrary.typeOf;

import java.util.List;
import org.s2d.device.cpu.OneDnnPrimitive.Argument;
import org.s2d.device.cpu.OneDnnTeam.Recipe;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Some heads of a sequence as oneDNN sees them: matrices of F32 side by side, and the operations that attention has with them. */
record OneDnnHeads(int count, int queries, int keys, int width) {
    private static final int SOFTMAX_AXIS = 1;

    /** Distances of heads and of rows, in elements. */
    record Strides(long head, long row) {
        static Strides of(Tensor tensor) {
            return new Strides(tensor.stride(3), tensor.stride(2));
        }
    }

    /** Rows of the weights: one for every head and query. */
    long rows() {
        return (long) count * queries;
    }

    long weightBytes() {
        return Float.BYTES * rows() * keys;
    }

    /** [queries, width] of each head. */
    long queries(OneDnnObjects objects, Strides strides) {
        return matrices(objects, queries, width, strides.head, strides.row, 1);
    }

    /** [keys, width] of each head. */
    long keys(OneDnnObjects objects, Strides strides) {
        return matrices(objects, keys, width, strides.head, strides.row, 1);
    }

    /** [width, keys] of each head. */
    long keysAcross(OneDnnObjects objects, Strides strides) {
        return matrices(objects, width, keys, strides.head, 1, strides.row);
    }

    /** Scores, their softmax, or gradients of these: [queries, keys] of each head, dense. */
    long weights(OneDnnObjects objects) {
        return matrices(objects, queries, keys, (long) queries * keys, keys, 1);
    }

    /** The same as [keys, queries]. */
    long weightsAcross(OneDnnObjects objects) {
        return matrices(objects, keys, queries, (long) queries * keys, 1, keys);
    }

    /** The same as [heads * queries, keys]. */
    long rows(OneDnnObjects objects) {
        return objects.stridedDescriptor(typeOf(DType.F32), new long[] {rows(), keys}, new long[] {keys, 1});
    }

    private long matrices(OneDnnObjects objects, long rows, long columns, long head, long row, long column) {
        return count == 1
                ? objects.stridedDescriptor(typeOf(DType.F32), new long[] {rows, columns}, new long[] {row, column})
                : objects.stridedDescriptor(
                        typeOf(DType.F32), new long[] {count, rows, columns}, new long[] {head, row, column});
    }

    /** {@code a b^T * scale}, for a like queries and b like keys: [queries, keys]. */
    Recipe scores(OneDnnObjects objects, Strides a, Strides b, float scale) {
        long attributes = objects.attributes();
        objects.addEltwise(attributes, OneDnnLibrary.ELTWISE_LINEAR, scale);
        return product(objects, queries(objects, a), keysAcross(objects, b), weights(objects), attributes);
    }

    static Recipe product(OneDnnObjects objects, long a, long b, long out, long attributes) {
        return new Recipe(
                objects.describe("matmul", a, b, 0L, out, attributes),
                List.of(
                        new Argument(OneDnnLibrary.ARG_SOURCE, a),
                        new Argument(OneDnnLibrary.ARG_WEIGHTS, b),
                        new Argument(OneDnnLibrary.ARG_DESTINATION, out)));
    }

    /** Scores to weights. */
    Recipe softmax(OneDnnObjects objects) {
        long rows = rows(objects);
        return new Recipe(
                softmaxDescriptor(objects, rows),
                List.of(
                        new Argument(OneDnnLibrary.ARG_SOURCE, rows),
                        new Argument(OneDnnLibrary.ARG_DESTINATION, rows)));
    }

    /** From weights and their gradients to the gradients of scores. */
    Recipe softmaxBackward(OneDnnObjects objects) {
        long rows = rows(objects);
        long descriptor = objects.describe(
                "softmax_backward",
                OneDnnLibrary.SOFTMAX,
                rows,
                rows,
                rows,
                SOFTMAX_AXIS,
                softmaxDescriptor(objects, rows),
                objects.attributes());
        return new Recipe(
                descriptor,
                List.of(
                        new Argument(OneDnnLibrary.ARG_DESTINATION, rows),
                        new Argument(OneDnnLibrary.ARG_GRAD_DESTINATION, rows),
                        new Argument(OneDnnLibrary.ARG_GRAD_SOURCE, rows)));
    }

    private static long softmaxDescriptor(OneDnnObjects objects, long rows) {
        return objects.describe(
                "softmax_forward",
                OneDnnLibrary.FORWARD_TRAINING,
                OneDnnLibrary.SOFTMAX,
                rows,
                rows,
                SOFTMAX_AXIS,
                objects.attributes());
    }
}
