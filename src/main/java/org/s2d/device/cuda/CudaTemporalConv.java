package org.s2d.device.cuda;

import org.jspecify.annotations.Nullable;
import org.s2d.device.AttentionChecks;
import org.s2d.device.Checks;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/temporal_conv.cu}. */
final class CudaTemporalConv {
    private static final String FILE = "temporal_conv";
    private static final int THREADS = 256;
    private static final int TURNS = THREADS / DeviceProperties.WARP;
    private static final int PACK = 8;
    private static final int PACK_ALIGNMENT = 16;
    /** Frames of a thread. */
    private static final int FRAMES = 8;
    /** Taps whose gradients a thread sums. */
    private static final int TAPS = 4;
    /** Enough to fill any GPU several times over; threads take turns beyond. */
    private static final int MAX_BLOCKS = 4096;
    /** Of the sums over tokens; a constant, so that every GPU adds in the same order. */
    private static final int MAX_PARTS = 64;

    private static final int PARTIAL_BYTES = THREADS * TAPS * Float.BYTES;
    // Bytes of the structure TemporalConv.
    private static final int BYTES = 48;

    private final CudaContext context;
    private final Kernel convolve;
    private final Kernel parts;
    private final Kernel finish;

    CudaTemporalConv(CudaContext context) {
        this.context = context;
        LaunchContract contract = LaunchContract.threads(THREADS);
        convolve = context.kernel(FILE, "temporal_conv_forward_any", contract);
        parts = context.kernel(FILE, "temporal_conv_backward_any_parts", contract.shared(PARTIAL_BYTES));
        finish = context.kernel(FILE, "temporal_conv_backward_any_finish", contract);
    }

    void forward(Tensor out, Tensor in, Tensor weight, Tensor bias) {
        AttentionChecks.temporalConv("temporalConv", in, weight, bias, out);
        Checks.singlePrecision("temporalConv", in, weight, bias, out);
        if (in.numel() > 0) {
            convolve(out, in, weight, bias);
        }
    }

    void backward(Tensor gradIn, Tensor gradWeight, Tensor gradBias, Tensor gradOut, Tensor in, Tensor weight) {
        String name = "temporalConvBackward";
        AttentionChecks.temporalConv(name, in, weight, gradBias, gradIn, gradOut);
        AttentionChecks.temporalConv(name, in, gradWeight, gradBias);
        Checks.sameShape(name, weight, gradWeight);
        Checks.singlePrecision(name, gradIn, gradWeight, gradBias, gradOut, in, weight);
        if (weight.numel() == 0) {
            return;
        }
        if (in.numel() > 0) {
            convolve(gradIn, gradOut, weight, null);
        }
        int channels = in.dim(3);
        int taps = weight.dim(1);
        long sites = in.numel() == 0 ? 0 : (long) in.dim(0) * in.dim(2);
        int count = (int) Math.min(MAX_PARTS, Math.ceilDiv(sites, (long) TURNS));
        try (Scope scope = context.scope()) {
            Tensor sums = scope.allocate(DType.F32, Shape.of(Math.max(1, count), taps + 1, channels));
            if (count > 0) {
                Launch launch = Launch.of(1, THREADS)
                        .block(DeviceProperties.WARP, TURNS, 1)
                        .grid(Math.ceilDiv(channels, DeviceProperties.WARP), Math.ceilDiv(taps + 1, TAPS), count)
                        .shared(PARTIAL_BYTES);
                Arguments arguments = structure(gradOut, in, weight, gradBias, count);
                context.launch(
                        parts, launch, arguments.pointer(sums).elements(gradOut).elements(in));
            }
            context.launch(
                    finish,
                    Launch.of(Math.ceilDiv((taps + 1) * (long) channels, (long) THREADS), THREADS),
                    structure(gradOut, in, gradWeight, gradBias, count)
                            .elements(gradWeight)
                            .elements(gradBias)
                            .pointer(sums));
        }
    }

    /** Without bias the taps are mirrored: the gradient of the input. */
    private void convolve(Tensor out, Tensor in, Tensor weight, @Nullable Tensor bias) {
        Arguments arguments = structure(out, in, weight, bias, 0);
        long chunks = (long) in.dim(0) * Math.ceilDiv(in.dim(1), FRAMES);
        long packs = (long) in.dim(2) * in.dim(3) / (isPacked(out, in) ? PACK : 1);
        context.launch(
                convolve,
                Launch.of(CudaContext.blocks(chunks * packs, THREADS, MAX_BLOCKS), THREADS),
                arguments.elements(out).elements(in).elements(weight).elements(bias));
    }

    private static boolean isPacked(Tensor out, Tensor in) {
        return in.dim(3) % PACK == 0 && in.address() % PACK_ALIGNMENT == 0 && out.address() % PACK_ALIGNMENT == 0;
    }

    private Arguments structure(Tensor out, Tensor in, Tensor weight, @Nullable Tensor bias, int count) {
        Arguments arguments = context.arguments();
        int at = arguments.structure(BYTES);
        for (int dim = 0; dim < 4; dim++) {
            arguments.setInt(at + 4 * dim, in.dim(dim));
        }
        arguments.setInt(at + 16, weight.dim(1));
        arguments.setInt(at + 20, isPacked(out, in) ? 1 : 0);
        arguments.setInt(at + 24, bias == null ? 1 : 0);
        arguments.setInt(at + 28, CudaContext.typeCode(out.dtype()));
        arguments.setInt(at + 32, CudaContext.typeCode(in.dtype()));
        arguments.setInt(at + 36, CudaContext.typeCode(weight.dtype()));
        arguments.setInt(at + 40, bias == null ? 0 : CudaContext.typeCode(bias.dtype()));
        arguments.setInt(at + 44, count);
        return arguments;
    }
}
