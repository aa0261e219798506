package org.s2d.device.cpu;

import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;
import org.s2d.device.AttentionKernels;
import org.s2d.device.AttentionSizes;
import org.s2d.device.Checks;
import org.s2d.device.Elementwise;
import org.s2d.device.FoveaPromptSteps;
import org.s2d.device.FoveaPrompter;
import org.s2d.device.Products;
import org.s2d.device.Products.Activation;
import org.s2d.tensor.Allocator;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/** F32 and BF16: attention by oneDNN, the rest with the Vector API. */
final class CpuAttentionKernels implements AttentionKernels, AutoCloseable {
    /** Operations below which handing work to another thread costs more than it saves. */
    private static final double WORTH_SHARING = 200_000;

    private final Allocator allocator;
    private final Workers workers;
    private final Elementwise elementwise;
    private final OneDnnAttention oneDnn;
    private final FoveaPromptSteps prompter;

    CpuAttentionKernels(
            Allocator allocator, Workers workers, OneDnnTeam team, Elementwise elementwise, Products products) {
        this.allocator = allocator;
        this.workers = workers;
        this.elementwise = elementwise;
        oneDnn = new OneDnnAttention(team);
        prompter = new FoveaPromptSteps(allocator, elementwise, products);
    }

    @Override
    public void attention(Tensor out, @Nullable Tensor logSumExp, Tensor q, Tensor k, Tensor v, double scale) {
        String kernel = "attention";
        AttentionSizes sizes = AttentionSizes.check(kernel, q, k, v, out, logSumExp);
        Checks.singlePrecision(kernel, q, k, v, out);
        MemorySegment kept = logSumExp == null ? null : floats(kernel, logSumExp);
        if (out.numel() == 0) {
            return;
        }
        try (Scope scope = new Scope(allocator)) {
            Tensor result = writable(scope, out);
            oneDnn.forward(call(scope, sizes, result, q, k, v, scale), kept, grain(sizes));
            deliver(out, result);
        }
    }

    private OneDnnAttention.Call call(
            Scope scope, AttentionSizes sizes, Tensor out, Tensor q, Tensor k, Tensor v, double scale) {
        return new OneDnnAttention.Call(
                sizes, out, readable(scope, q), readable(scope, k), readable(scope, v), (float) scale);
    }

    private Tensor readable(Scope scope, Tensor tensor) {
        if (OneDnnAttention.fits(tensor)) {
            return tensor;
        }
        Tensor copy = scope.allocate(DType.F32, tensor.shape());
        elementwise.copy(copy, tensor);
        return copy;
    }

    /** The tensor itself, or one that goes to it by {@link #deliver}. */
    private static Tensor writable(Scope scope, Tensor tensor) {
        return OneDnnAttention.fits(tensor) ? tensor : scope.allocate(DType.F32, tensor.shape());
    }

    private void deliver(Tensor tensor, Tensor written) {
        if (written != tensor) {
            elementwise.copy(tensor, written);
        }
    }

    @Override
    public boolean backwardReadsResult() {
        return false;
    }

    @Override
    public void attentionBackward(
            Tensor gradQ,
            Tensor gradK,
            Tensor gradV,
            Tensor gradOut,
            Tensor q,
            Tensor k,
            Tensor v,
            @Nullable Tensor out,
            Tensor logSumExp,
            double scale) {
        String kernel = "attentionBackward";
        AttentionSizes sizes = AttentionSizes.check(kernel, q, k, v, out, logSumExp);
        AttentionSizes.requireLike(kernel, "gradOut", gradOut, "q", q);
        AttentionSizes.requireLike(kernel, "gradQ", gradQ, "q", q);
        AttentionSizes.requireLike(kernel, "gradK", gradK, "k", k);
        AttentionSizes.requireLike(kernel, "gradV", gradV, "v", v);
        Checks.singlePrecision(kernel, gradQ, gradK, gradV, gradOut, q, k, v);
        MemorySegment kept = floats(kernel, logSumExp);
        if (k.numel() == 0) {
            return;
        }
        if (q.numel() == 0) {
            elementwise.fill(gradK, 0);
            elementwise.fill(gradV, 0);
            return;
        }
        try (Scope scope = new Scope(allocator)) {
            OneDnnAttention.Gradients gradients = new OneDnnAttention.Gradients(
                    call(scope, sizes, readable(scope, gradOut), q, k, v, scale),
                    kept,
                    writable(scope, gradQ),
                    writable(scope, gradK),
                    writable(scope, gradV));
            oneDnn.backward(gradients, grain(sizes));
            deliver(gradQ, gradients.q());
            deliver(gradK, gradients.k());
            deliver(gradV, gradients.v());
        }
    }

    private static long grain(AttentionSizes sizes) {
        double operations = 4.0 * sizes.queries() * sizes.keys() * sizes.headDim();
        return Math.max(1, (long) (WORTH_SHARING / Math.max(1, operations)));
    }

    private static MemorySegment floats(String kernel, Tensor logSumExp) {
        if (logSumExp.dtype() != DType.F32) {
            throw new ShapeException(kernel + ": logSumExp is " + logSumExp.dtype() + " on the CPU, expected F32");
        }
        return logSumExp.data();
    }

    @Override
    public void fovea(Tensor out, Tensor in, Tensor smooth) {
        FoveaKernel.forward(out, in, smooth, workers::parallelFor);
    }

    @Override
    public void foveaBackward(Tensor gradIn, Tensor gradSmooth, Tensor gradOut, Tensor in, Tensor smooth) {
        FoveaKernel.backward(gradIn, gradSmooth, gradOut, in, smooth, workers::parallelFor);
    }

    @Override
    public void foveaPrompt(Tensor out, FoveaPrompter.Streams streams, FoveaPrompter weights) {
        prompter.forward(this, out, streams, weights);
    }

    @Override
    public void foveaPromptBackward(
            FoveaPrompter.Gradients gradients, Tensor gradOut, FoveaPrompter.Streams streams, FoveaPrompter weights) {
        prompter.backward(this, gradients, gradOut, streams, weights);
    }

    @Override
    public void temporalConv(Tensor out, Tensor in, Tensor weight, Tensor bias, Activation before) {
        TemporalConvKernel.forward(out, in, weight, bias, before, workers);
    }

    @Override
    public void temporalConvBackward(
            Tensor gradIn,
            Tensor gradWeight,
            Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor weight,
            Activation before) {
        TemporalConvKernel.backward(gradIn, gradWeight, gradBias, gradOut, in, weight, before, workers);
    }

    @Override
    public void close() {
        oneDnn.close();
    }
}
