package org.s2d.device.cuda;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.s2d.device.AttentionKernels;
import org.s2d.device.AttentionSizes;
import org.s2d.device.Checks;
import org.s2d.device.Elementwise;
import org.s2d.device.FoveaPrompter;
import org.s2d.device.Products.Activation;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/**
 * Attention and what surrounds it in the landmark prompter and the temporal adapter. Operands in F32, BF16 or F16; those that do
 * not have the type of the queries are converted first.
 */
final class CudaAttentionKernels implements AttentionKernels {
    private final CudaContext context;
    private final Elementwise elementwise;
    private final FusedAttention fused;
    private final TemporalAttention temporal;
    private final CudaFovea fovea;
    private final CudaFoveaPrompt prompter;
    private final CudaTemporalConv temporalConv;

    CudaAttentionKernels(CudaContext context, Elementwise elementwise) {
        this.context = context;
        this.elementwise = elementwise;
        fused = new FusedAttention(context);
        temporal = new TemporalAttention(context);
        fovea = new CudaFovea(context);
        prompter = new CudaFoveaPrompt(context, elementwise);
        temporalConv = new CudaTemporalConv(context);
    }

    @Override
    public void attention(Tensor out, @Nullable Tensor logSumExp, Tensor q, Tensor k, Tensor v, double scale) {
        AttentionSizes sizes = AttentionSizes.check("attention", q, k, v, out, logSumExp);
        Checks.singlePrecision("attention", q, k, v, out);
        if (q.numel() == 0) {
            return;
        }
        try (Scope scope = context.scope()) {
            Tensor kept = logSumExp == null ? scope.allocate(DType.F32, sizes.logSumExp()) : logSumExp;
            Checks.onlyF32("attention", kept);
            Tensor keys = converted(scope, k, q.dtype());
            Tensor values = converted(scope, v, q.dtype());
            Tensor result = target(scope, out, q.dtype());
            AttentionCall call = AttentionCall.of(sizes, scale, q, keys, values);
            if (TemporalAttention.fits(sizes, q, keys, values, result)) {
                temporal.forward(call, result, kept, q, keys, values);
            } else {
                fused.forward(call, result, kept, q, keys, values);
            }
            deliver(out, result);
        }
    }

    @Override
    public boolean backwardReadsResult() {
        return true;
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
        String name = "attentionBackward";
        Tensor result = Objects.requireNonNull(out, "out");
        AttentionSizes sizes = AttentionSizes.check(name, q, k, v, result, logSumExp);
        AttentionSizes.requireLike(name, "gradOut", gradOut, "q", q);
        AttentionSizes.requireLike(name, "gradQ", gradQ, "q", q);
        AttentionSizes.requireLike(name, "gradK", gradK, "k", k);
        AttentionSizes.requireLike(name, "gradV", gradV, "v", v);
        Checks.singlePrecision(name, gradQ, gradK, gradV, gradOut, q, k, v, result);
        Checks.onlyF32(name, logSumExp);
        if (k.numel() == 0) {
            return;
        }
        DType type = q.dtype();
        try (Scope scope = context.scope()) {
            FusedAttention.Gradients gradients = new FusedAttention.Gradients(
                    target(scope, gradQ, type), target(scope, gradK, type), target(scope, gradV, type));
            Tensor keys = converted(scope, k, type);
            Tensor values = converted(scope, v, type);
            Tensor upstream = converted(scope, gradOut, type);
            AttentionCall call = AttentionCall.of(sizes, scale, q, keys, values);
            if (TemporalAttention.fits(sizes, q, keys, values, upstream, gradients.q(), gradients.k(), gradients.v())) {
                temporal.backward(call, gradients, upstream, q, keys, values);
            } else {
                fused.backward(call, gradients, upstream, q, keys, values, converted(scope, result, type), logSumExp);
            }
            deliver(gradQ, gradients.q());
            deliver(gradK, gradients.k());
            deliver(gradV, gradients.v());
        }
    }

    private Tensor converted(Scope scope, Tensor tensor, DType type) {
        if (tensor.dtype() == type) {
            return tensor;
        }
        Tensor copy = scope.allocate(type, tensor.shape());
        elementwise.copy(copy, tensor);
        return copy;
    }

    private static Tensor target(Scope scope, Tensor tensor, DType type) {
        return tensor.dtype() == type ? tensor : scope.allocate(type, tensor.shape());
    }

    private void deliver(Tensor tensor, Tensor result) {
        if (tensor != result) {
            elementwise.copy(tensor, result);
        }
    }

    @Override
    public void fovea(Tensor out, Tensor in, Tensor smooth) {
        fovea.forward(out, in, smooth);
    }

    @Override
    public void foveaBackward(Tensor gradIn, Tensor gradSmooth, Tensor gradOut, Tensor in, Tensor smooth) {
        fovea.backward(gradIn, gradSmooth, gradOut, in, smooth);
    }

    @Override
    public void foveaPrompt(Tensor out, FoveaPrompter.Streams streams, FoveaPrompter weights) {
        prompter.forward(out, streams, weights);
    }

    @Override
    public void foveaPromptBackward(
            FoveaPrompter.Gradients gradients, Tensor gradOut, FoveaPrompter.Streams streams, FoveaPrompter weights) {
        prompter.backward(gradients, gradOut, streams, weights);
    }

    @Override
    public void temporalConv(Tensor out, Tensor in, Tensor weight, Tensor bias, Activation before) {
        temporalConv.forward(out, in, weight, bias, before);
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
        temporalConv.backward(gradIn, gradWeight, gradBias, gradOut, in, weight, before);
    }
}
