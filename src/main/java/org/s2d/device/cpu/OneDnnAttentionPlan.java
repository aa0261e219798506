package org.s2d.device.cpu;

import static org.s2d.device.cpu.OneDnnLibrary.typeOf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.s2d.device.cpu.OneDnnPrimitive.Argument;
import org.s2d.device.cpu.OneDnnTeam.Recipe;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Some queries of some heads of a sequence: scores, their softmax in place, and the sum of values. */
final class OneDnnAttentionPlan implements PlanCache.Plan {
    private final OneDnnTeam team;
    private final Form form;
    private final OneDnnPrimitive score;
    private final OneDnnPrimitive softmax;
    private final OneDnnPrimitive sum;

    /** Distances of heads and of rows, in elements. */
    record Strides(long head, long row) {
        static Strides of(Tensor tensor) {
            return new Strides(tensor.stride(3), tensor.stride(2));
        }
    }

    /** Sizes and layouts, and the factor of scores. */
    record Form(
            int heads, int queries, int keys, int width, Strides q, Strides k, Strides v, Strides out, float scale) {
        long rows() {
            return (long) heads * queries;
        }
    }

    OneDnnAttentionPlan(OneDnnTeam team, Form form) {
        this.team = team;
        this.form = form;
        score = team.compile(this::score);
        softmax = team.compile(this::softmax);
        sum = team.compile(this::sum);
    }

    /** From a head and a query on. */
    void run(OneDnnWorker worker, OneDnnAttention.Call call, long head, int query) {
        Scratch scratch = team.scratch();
        MemorySegment weights = scratch.get(worker.index(), 0, Float.BYTES * form.rows() * form.keys);
        MemorySegment kept = call.logSumExp();
        score.run(worker, call.address(call.q(), head, query), call.address(call.k(), head, 0), weights.address());
        if (kept == null) {
            softmax.run(worker, weights.address(), weights.address());
        } else {
            MemorySegment best = scratch.get(worker.index(), 1, Float.BYTES * form.rows());
            MemorySegment share = scratch.get(worker.index(), 2, Float.BYTES * form.rows());
            largest(best, weights);
            softmax.run(worker, weights.address(), weights.address());
            largest(share, weights);
            for (int h = 0; h < form.heads; h++) {
                long to = (head + h) * call.sizes().queries() + query;
                logSumExp(kept, to, best, share, h * form.queries);
            }
        }
        sum.run(worker, weights.address(), call.address(call.v(), head, 0), call.address(call.out(), head, query));
    }

    /** The largest number of each row. */
    private void largest(MemorySegment out, MemorySegment rows) {
        for (long row = 0; row < form.rows(); row++) {
            long at = row * form.keys * Float.BYTES;
            FloatVector max = FloatVector.broadcast(Lanes.F, Float.NEGATIVE_INFINITY);
            int i = 0;
            for (; i <= form.keys - Lanes.WIDTH; i += Lanes.WIDTH) {
                max = max.max(Lanes.load(rows, at + 4L * i));
            }
            if (i < form.keys) {
                max = max.lanewise(
                        VectorOperators.MAX,
                        Lanes.load(rows, at + 4L * i, Lanes.first(form.keys - i)),
                        Lanes.first(form.keys - i));
            }
            out.setAtIndex(ValueLayout.JAVA_FLOAT, row, max.reduceLanes(VectorOperators.MAX));
        }
    }

    /** The weight of the largest score is {@code exp(score - logSumExp)}. */
    private void logSumExp(MemorySegment out, long to, MemorySegment best, MemorySegment share, int from) {
        for (int i = 0; i < form.queries; i++) {
            double weight = share.getAtIndex(ValueLayout.JAVA_FLOAT, from + i);
            double sum = best.getAtIndex(ValueLayout.JAVA_FLOAT, from + i) - Math.log(weight);
            out.setAtIndex(ValueLayout.JAVA_FLOAT, to + i, (float) sum);
        }
    }

    private Recipe score(OneDnnObjects objects) {
        long queries = matrices(objects, form.queries, form.width, form.q.head, form.q.row, 1);
        long keys = matrices(objects, form.width, form.keys, form.k.head, 1, form.k.row);
        long attributes = objects.attributes();
        objects.addEltwise(attributes, OneDnnLibrary.ELTWISE_LINEAR, form.scale);
        return product(objects, queries, keys, weights(objects), attributes);
    }

    private Recipe sum(OneDnnObjects objects) {
        long values = matrices(objects, form.keys, form.width, form.v.head, form.v.row, 1);
        long out = matrices(objects, form.queries, form.width, form.out.head, form.out.row, 1);
        return product(objects, weights(objects), values, out, objects.attributes());
    }

    private static Recipe product(OneDnnObjects objects, long a, long b, long out, long attributes) {
        return new Recipe(
                objects.describe("matmul", a, b, 0L, out, attributes),
                List.of(
                        new Argument(OneDnnLibrary.ARG_SOURCE, a),
                        new Argument(OneDnnLibrary.ARG_WEIGHTS, b),
                        new Argument(OneDnnLibrary.ARG_DESTINATION, out)));
    }

    private Recipe softmax(OneDnnObjects objects) {
        long[] dims = {form.rows(), form.keys};
        long rows = objects.stridedDescriptor(typeOf(DType.F32), dims, new long[] {form.keys, 1});
        int axis = 1;
        return new Recipe(
                objects.describe(
                        "softmax_forward",
                        OneDnnLibrary.FORWARD_TRAINING,
                        OneDnnLibrary.SOFTMAX,
                        rows,
                        rows,
                        axis,
                        objects.attributes()),
                List.of(
                        new Argument(OneDnnLibrary.ARG_SOURCE, rows),
                        new Argument(OneDnnLibrary.ARG_DESTINATION, rows)));
    }

    private long weights(OneDnnObjects objects) {
        return matrices(objects, form.queries, form.keys, (long) form.queries * form.keys, form.keys, 1);
    }

    /** A matrix per head. */
    private long matrices(OneDnnObjects objects, long rows, long columns, long head, long row, long column) {
        return form.heads == 1
                ? objects.stridedDescriptor(typeOf(DType.F32), new long[] {rows, columns}, new long[] {row, column})
                : objects.stridedDescriptor(
                        typeOf(DType.F32), new long[] {form.heads, rows, columns}, new long[] {head, row, column});
    }

    @Override
    public void close() {
        score.close();
        softmax.close();
        sum.close();
    }
}
