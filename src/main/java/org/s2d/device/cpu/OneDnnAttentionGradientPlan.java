package org.s2d.device.cpu;

import static org.s2d.device.cpu.OneDnnHeads.product;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.s2d.device.cpu.OneDnnHeads.Strides;

/**
 * Gradients of some queries of some heads of a sequence, and what these queries add to the gradients of keys and values. The weights
 * are computed again.
 */
final class OneDnnAttentionGradientPlan implements PlanCache.Plan {
    private final OneDnnTeam team;
    private final Form form;
    private final OneDnnPrimitive score;
    private final OneDnnPrimitive softmax;
    private final OneDnnPrimitive ofValues;
    private final OneDnnPrimitive ofWeights;
    private final OneDnnPrimitive ofScores;
    private final OneDnnPrimitive ofQueries;
    private final OneDnnPrimitive ofKeys;

    /**
     * Sizes and layouts, and the factor of scores.
     *
     * @param first whether gradients of keys and values are written, not added to
     */
    record Form(
            OneDnnHeads heads,
            Strides q,
            Strides k,
            Strides v,
            Strides gradOut,
            Strides gradQ,
            Strides gradK,
            Strides gradV,
            float scale,
            boolean first) {}

    OneDnnAttentionGradientPlan(OneDnnTeam team, Form form) {
        this.team = team;
        this.form = form;
        OneDnnHeads heads = form.heads;
        score = team.compile(objects -> heads.scores(objects, form.q, form.k, form.scale));
        softmax = team.compile(heads::softmax);
        ofValues = team.compile(objects -> product(
                objects,
                heads.weightsAcross(objects),
                heads.queries(objects, form.gradOut),
                heads.keys(objects, form.gradV),
                added(objects)));
        // The factor of scores belongs to the gradient of the scores, which is linear in that of the weights.
        ofWeights = team.compile(objects -> heads.scores(objects, form.gradOut, form.v, form.scale));
        ofScores = team.compile(heads::softmaxBackward);
        ofQueries = team.compile(objects -> product(
                objects,
                heads.weights(objects),
                heads.keys(objects, form.k),
                heads.queries(objects, form.gradQ),
                objects.attributes()));
        ofKeys = team.compile(objects -> product(
                objects,
                heads.weightsAcross(objects),
                heads.queries(objects, form.q),
                heads.keys(objects, form.gradK),
                added(objects)));
    }

    /** From a head and a query on. */
    void run(OneDnnWorker worker, OneDnnAttention.Gradients call, long head, int query) {
        OneDnnAttention.Call in = call.in();
        long bytes = form.heads.weightBytes();
        MemorySegment rows = team.scratch().get(worker.index(), 0, bytes);
        long weights = rows.address();
        long gradients = team.scratch().get(worker.index(), 1, bytes).address();
        long q = in.address(in.q(), head, query);
        long k = in.address(in.k(), head, 0);
        long gradOut = in.address(in.out(), head, query);
        score.run(worker, q, k, weights);
        softmax.run(worker, weights, weights);
        spreadNaN(rows, call, head, query);
        ofValues.run(worker, weights, gradOut, in.address(call.v(), head, 0));
        ofWeights.run(worker, gradOut, in.address(in.v(), head, 0), gradients);
        ofScores.run(worker, weights, gradients, gradients);
        ofQueries.run(worker, gradients, k, in.address(call.q(), head, query));
        ofKeys.run(worker, gradients, q, in.address(call.k(), head, 0));
    }

    /** Of a row with an infinite score oneDNN leaves some weights 0, which are not known either. */
    private void spreadNaN(MemorySegment rows, OneDnnAttention.Gradients call, long head, int query) {
        int keys = form.heads.keys();
        for (int row = 0; row < form.heads.rows(); row++) {
            long at = (head + row / form.heads.queries()) * call.in().sizes().queries()
                    + query
                    + row % form.heads.queries();
            if (!Float.isFinite(call.logSumExp().getAtIndex(ValueLayout.JAVA_FLOAT, at))) {
                for (int i = 0; i < keys; i++) {
                    rows.setAtIndex(ValueLayout.JAVA_FLOAT, (long) row * keys + i, Float.NaN);
                }
            }
        }
    }

    private long added(OneDnnObjects objects) {
        long attributes = objects.attributes();
        if (!form.first) {
            objects.addSum(attributes);
        }
        return attributes;
    }

    @Override
    public void close() {
        List.of(score, softmax, ofValues, ofWeights, ofScores, ofQueries, ofKeys)
                .forEach(OneDnnPrimitive::close);
    }
}
