package org.s2d.device.cuda;

import org.s2d.device.AttentionChecks;
import org.s2d.device.Checks;
import org.s2d.device.Products.Activation;
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
    private static final int BYTES = 52;

    private final CudaContext context;
    private final Kernel forward;
    private final Kernel backward;
    private final Kernel parts;
    private final Kernel finish;

    CudaTemporalConv(CudaContext context) {
        this.context = context;
        LaunchContract contract = LaunchContract.threads(THREADS);
        forward = context.kernel(FILE, "temporal_conv_forward_any", contract);
        backward = context.kernel(FILE, "temporal_conv_backward_any", contract);
        parts = context.kernel(FILE, "temporal_conv_backward_any_parts", contract.shared(PARTIAL_BYTES));
        finish = context.kernel(FILE, "temporal_conv_backward_any_finish", contract);
    }

    void forward(Tensor out, Tensor in, Tensor weight, Tensor bias, Activation before) {
        AttentionChecks.temporalConv("temporalConv", in, weight, bias, out);
        Checks.singlePrecision("temporalConv", in, weight, bias, out);
        if (in.numel() > 0) {
            boolean packed = isPacked(in, out);
            Arguments arguments = structure(in, weight, before, 0, packed, out, in, weight, bias, in);
            context.launch(
                    forward,
                    launch(in, packed),
                    arguments.elements(out).elements(in).elements(weight).elements(bias));
        }
    }

    void backward(
            Tensor gradIn,
            Tensor gradWeight,
            Tensor gradBias,
            Tensor gradOut,
            Tensor in,
            Tensor weight,
            Activation before) {
        String name = "temporalConvBackward";
        AttentionChecks.temporalConv(name, in, weight, gradBias, gradIn, gradOut);
        AttentionChecks.temporalConv(name, in, gradWeight, gradBias);
        Checks.sameShape(name, weight, gradWeight);
        Checks.singlePrecision(name, gradIn, gradWeight, gradBias, gradOut, in, weight);
        if (weight.numel() == 0) {
            return;
        }
        if (in.numel() > 0) {
            boolean packed = isPacked(in, gradIn, gradOut);
            Arguments arguments = structure(in, weight, before, 0, packed, gradIn, gradOut, weight, gradBias, in);
            context.launch(
                    backward,
                    launch(in, packed),
                    arguments
                            .elements(gradIn)
                            .elements(gradOut)
                            .elements(weight)
                            .elements(in));
        }
        sums(gradWeight, gradBias, gradOut, in, before);
    }

    private void sums(Tensor gradWeight, Tensor gradBias, Tensor gradOut, Tensor in, Activation before) {
        int channels = in.dim(3);
        int taps = gradWeight.dim(1);
        long sites = in.numel() == 0 ? 0 : (long) in.dim(0) * in.dim(2);
        int count = (int) Math.min(MAX_PARTS, Math.ceilDiv(sites, (long) TURNS));
        try (Scope scope = context.scope()) {
            Tensor sums = scope.allocate(DType.F32, Shape.of(Math.max(1, count), taps + 1, channels));
            if (count > 0) {
                Launch launch = Launch.of(1, THREADS)
                        .block(DeviceProperties.WARP, TURNS, 1)
                        .grid(Math.ceilDiv(channels, DeviceProperties.WARP), Math.ceilDiv(taps + 1, TAPS), count)
                        .shared(PARTIAL_BYTES);
                Arguments arguments =
                        structure(in, gradWeight, before, count, false, gradOut, in, gradWeight, gradBias, in);
                context.launch(
                        parts, launch, arguments.pointer(sums).elements(gradOut).elements(in));
            }
            context.launch(
                    finish,
                    Launch.of(Math.ceilDiv((taps + 1) * (long) channels, (long) THREADS), THREADS),
                    structure(in, gradWeight, before, count, false, gradOut, in, gradWeight, gradBias, in)
                            .elements(gradWeight)
                            .elements(gradBias)
                            .pointer(sums));
        }
    }

    private static Launch launch(Tensor in, boolean packed) {
        long chunks = (long) in.dim(0) * Math.ceilDiv(in.dim(1), FRAMES);
        long packs = (long) in.dim(2) * in.dim(3) / (packed ? PACK : 1);
        return Launch.of(CudaContext.blocks(chunks * packs, THREADS, MAX_BLOCKS), THREADS);
    }

    private static boolean isPacked(Tensor... tensors) {
        boolean packed = tensors[0].dim(3) % PACK == 0;
        for (Tensor tensor : tensors) {
            packed &= tensor.address() % PACK_ALIGNMENT == 0;
        }
        return packed;
    }

    /** {@code typed}: what the kernel knows as out, in, weight, bias and slopes. */
    private Arguments structure(
            Tensor in, Tensor weight, Activation before, int count, boolean packed, Tensor... typed) {
        Arguments arguments = context.arguments();
        int at = arguments.structure(BYTES);
        for (int dim = 0; dim < 4; dim++) {
            arguments.setInt(at + 4 * dim, in.dim(dim));
        }
        arguments.setInt(at + 16, weight.dim(1));
        arguments.setInt(at + 20, packed ? 1 : 0);
        arguments.setInt(at + 24, before == Activation.GELU ? 1 : 0);
        for (int i = 0; i < typed.length; i++) {
            arguments.setInt(at + 28 + 4 * i, CudaContext.typeCode(typed[i].dtype()));
        }
        arguments.setInt(at + 48, count);
        return arguments;
    }
}
