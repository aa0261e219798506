package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import org.jspecify.annotations.Nullable;
import org.s2d.device.cpu.OneDnnHeads.Strides;

/** Some queries of some heads of a sequence: scores, their softmax in place, and the sum of values. */
final class OneDnnAttentionPlan implements PlanCache.Plan {
    private final OneDnnTeam team;
    private final Form form;
    private final OneDnnPrimitive score;
    private final OneDnnPrimitive softmax;
    private final OneDnnPrimitive sum;

    /** Sizes and layouts, and the factor of scores. */
    record Form(OneDnnHeads heads, Strides q, Strides k, Strides v, Strides out, float scale) {}

    OneDnnAttentionPlan(OneDnnTeam team, Form form) {
        this.team = team;
        this.form = form;
        OneDnnHeads heads = form.heads;
        score = team.compile(objects -> heads.scores(objects, form.q, form.k, form.scale));
        softmax = team.compile(heads::softmax);
        sum = team.compile(objects -> OneDnnHeads.product(
                objects,
                heads.weights(objects),
                heads.keys(objects, form.v),
                heads.queries(objects, form.out),
                objects.attributes()));
    }

    /** From a head and a query on. */
    void run(OneDnnWorker worker, OneDnnAttention.Call call, @Nullable MemorySegment kept, long head, int query) {
        Scratch scratch = team.scratch();
        MemorySegment weights = scratch.get(worker.index(), 0, form.heads.weightBytes());
        score.run(worker, call.address(call.q(), head, query), call.address(call.k(), head, 0), weights.address());
        if (kept == null) {
            softmax.run(worker, weights.address(), weights.address());
        } else {
            MemorySegment best = scratch.get(worker.index(), 1, Float.BYTES * form.heads.rows());
            MemorySegment share = scratch.get(worker.index(), 2, Float.BYTES * form.heads.rows());
            largest(best, weights);
            softmax.run(worker, weights.address(), weights.address());
            largest(share, weights);
            for (int h = 0; h < form.heads.count(); h++) {
                long to = (head + h) * call.sizes().queries() + query;
                logSumExp(kept, to, best, share, h * form.heads.queries());
            }
        }
        sum.run(worker, weights.address(), call.address(call.v(), head, 0), call.address(call.out(), head, query));
    }

    /** The largest number of each row. */
    private void largest(MemorySegment out, MemorySegment rows) {
        for (long row = 0; row < form.heads.rows(); row++) {
            long at = row * form.heads.keys() * Float.BYTES;
            FloatVector max = FloatVector.broadcast(Lanes.F, Float.NEGATIVE_INFINITY);
            int i = 0;
            for (; i <= form.heads.keys() - Lanes.WIDTH; i += Lanes.WIDTH) {
                max = max.max(Lanes.load(rows, at + 4L * i));
            }
            if (i < form.heads.keys()) {
                max = max.lanewise(
                        VectorOperators.MAX,
                        Lanes.load(rows, at + 4L * i, Lanes.first(form.heads.keys() - i)),
                        Lanes.first(form.heads.keys() - i));
            }
            out.setAtIndex(ValueLayout.JAVA_FLOAT, row, max.reduceLanes(VectorOperators.MAX));
        }
    }

    /** The weight of the largest score is {@code exp(score - logSumExp)}. */
    private void logSumExp(MemorySegment out, long to, MemorySegment best, MemorySegment share, int from) {
        for (int i = 0; i < form.heads.queries(); i++) {
            double weight = share.getAtIndex(ValueLayout.JAVA_FLOAT, from + i);
            double sum = best.getAtIndex(ValueLayout.JAVA_FLOAT, from + i) - Math.log(weight);
            out.setAtIndex(ValueLayout.JAVA_FLOAT, to + i, (float) sum);
        }
    }

    @Override
    public void close() {
        score.close();
        softmax.close();
        sum.close();
    }
}
