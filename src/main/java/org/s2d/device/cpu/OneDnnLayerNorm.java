package org.s2d.device.cpu;

import static org.s2d.device.cpu.OneDnnLibrary.typeOf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Checks;
import org.s2d.device.NormalizationChecks;
import org.s2d.device.StridedLoop;
import org.s2d.device.cpu.OneDnnPrimitive.Argument;
import org.s2d.device.cpu.OneDnnTeam.Recipe;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/**
 * Layer normalisation of F32 or BF16 by oneDNN; the specification is {@link LayerNormReference#forward}. Rows go to it in blocks of
 * 64, 32, 16, ..., so that a few primitives serve any number of rows.
 */
final class OneDnnLayerNorm implements AutoCloseable {
    private static final int BLOCK = 64;
    /** Widths and types of a model, times the sizes of a block. */
    private static final int PLANS = 256;

    private final OneDnnTeam team;
    private final PlanCache<Form, OneDnnPrimitive> plans;

    private record Form(DType in, DType out, int rows, int width, float eps) {}

    OneDnnLayerNorm(OneDnnTeam team) {
        this.team = team;
        plans = new PlanCache<>(PLANS, form -> team.compile(objects -> recipe(objects, form)));
    }

    void forward(
            Tensor out,
            @Nullable Tensor mean,
            @Nullable Tensor rstd,
            Tensor in,
            Tensor weight,
            Tensor bias,
            double eps) {
        NormalizationChecks.layerNorm(out, mean, rstd, in, weight, bias);
        Checks.onlyF32("layerNorm", weight, bias);
        int width = in.dim(-1);
        StridedLoop loop = StridedLoop.rows(in.shape(), out, in);
        boolean dense = loop.runStride(0) == width && loop.runStride(1) == width;
        long grain = Math.max(1, ElementLoop.GRAIN / Math.max(1, width));
        team.parallelFor(in.numel() == 0 ? 0 : loop.count(), grain, (worker, from, to) -> {
            long average = team.scratch().get(worker.index(), 0, 4 * BLOCK).address();
            long variance = team.scratch().get(worker.index(), 1, 4 * BLOCK).address();
            loop.forRuns(from, to, (at, first, count) -> {
                int rows;
                for (long done = 0; done < count; done += rows) {
                    rows = dense ? (int) Long.highestOneBit(Math.min(BLOCK, count - done)) : 1;
                    long source = address(in, at[1] + done * loop.runStride(1));
                    long target = address(out, at[0] + done * loop.runStride(0));
                    long means = mean == null ? average : address(mean, first + done);
                    long variances = rstd == null ? variance : address(rstd, first + done);
                    plans.use(
                            new Form(in.dtype(), out.dtype(), rows, width, (float) eps),
                            plan -> plan.run(
                                    worker, source, target, weight.address(), bias.address(), means, variances));
                }
            });
            if (rstd != null) {
                toFactors(rstd.data(), from, to, eps);
            }
        });
    }

    private static long address(Tensor tensor, long element) {
        return tensor.address() + element * tensor.dtype().bytes();
    }

    /** Variances become what rows were multiplied with. */
    private static void toFactors(MemorySegment variances, long from, long to, double eps) {
        for (long i = from; i < to; i++) {
            double factor = 1 / Math.sqrt(variances.getAtIndex(ValueLayout.JAVA_FLOAT, i) + eps);
            variances.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) factor);
        }
    }

    private Recipe recipe(OneDnnObjects objects, Form form) {
        long[] dims = {form.rows, form.width};
        long[] strides = {form.width, 1};
        long source = objects.stridedDescriptor(typeOf(form.in), dims, strides);
        long target = objects.stridedDescriptor(typeOf(form.out), dims, strides);
        long features = objects.stridedDescriptor(typeOf(DType.F32), new long[] {form.width}, new long[] {1});
        long statistics = objects.stridedDescriptor(typeOf(DType.F32), new long[] {form.rows}, new long[] {1});
        long descriptor = objects.describe(
                "layer_normalization_forward",
                OneDnnLibrary.FORWARD_TRAINING,
                source,
                target,
                statistics,
                form.eps,
                OneDnnLibrary.USE_SCALE | OneDnnLibrary.USE_SHIFT,
                objects.attributes());
        List<Argument> arguments = List.of(
                new Argument(OneDnnLibrary.ARG_SOURCE, source),
                new Argument(OneDnnLibrary.ARG_DESTINATION, target),
                new Argument(OneDnnLibrary.ARG_SCALE, features),
                new Argument(OneDnnLibrary.ARG_SHIFT, features),
                new Argument(OneDnnLibrary.ARG_MEAN, statistics),
                new Argument(OneDnnLibrary.ARG_VARIANCE, statistics));
        return new Recipe(descriptor, arguments);
    }

    @Override
    public void close() {
        plans.close();
    }
}
