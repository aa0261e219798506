package org.s2d.device.cuda;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions.Conv2dEpilogue;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * Launches {@code kernels/convolutions.cu}, or leaves dense convolutions in F32 to a library. All tensors are contiguous, their
 * shapes checked.
 */
final class CudaConv2d {
    private static final String FILE = "convolutions";
    private static final int THREADS = 256;
    private static final int TILE = 64;
    /** Two tiles, 16 of the inner dimension, rows padded by 4. */
    private static final int TILE_BYTES = 2 * 16 * (TILE + 4) * Float.BYTES;

    private static final int SCRATCH_BYTES = THREADS / DeviceProperties.WARP * Float.BYTES;
    /** Neighbouring outputs of a thread, depth-wise. */
    private static final int RUN = 4;
    /** Enough to fill any GPU several times over; threads take turns beyond. */
    private static final int MAX_BLOCKS = 4096;
    /** Of the sums over the batch: constants, so that every GPU adds in the same order. */
    private static final int MAX_PARTS = 64;

    private static final int PIXELS_PER_PART = 1024;

    // Bytes of the structure Conv.
    private static final int BYTES = 88;

    private final CudaContext context;
    private final DenseConv2d library;
    private final Kernel forward;
    private final Kernel epilogues;
    private final Kernel backwardInput;
    private final Kernel parts;
    private final Kernel finish;
    private final Kernel depthwise;
    private final Kernel depthwiseInput;
    private final Kernel depthwiseWeight;

    CudaConv2d(CudaContext context, DenseConv2d library) {
        this.context = context;
        this.library = library;
        LaunchContract contract = LaunchContract.threads(THREADS);
        LaunchContract tiled = contract.shared(TILE_BYTES);
        forward = context.kernel(FILE, "conv2d_forward_any", tiled);
        epilogues = context.kernel(FILE, "conv2d_forward_any_epilogue", contract);
        backwardInput = context.kernel(FILE, "conv2d_backward_any_input", tiled);
        parts = context.kernel(FILE, "conv2d_backward_any_parts", tiled);
        finish = context.kernel(FILE, "conv2d_backward_any_finish", contract);
        depthwise = context.kernel(FILE, "depthwise_conv2d_forward_any", contract);
        depthwiseInput = context.kernel(FILE, "depthwise_conv2d_backward_any_input", contract);
        depthwiseWeight = context.kernel(FILE, "depthwise_conv2d_backward_any_weight", contract.shared(SCRATCH_BYTES));
    }

    void forward(
            Tensor out, Tensor in, Tensor weight, @Nullable Tensor bias, Conv2dShape shape, Conv2dEpilogue epilogue) {
        if (out.numel() == 0) {
            return;
        }
        if (isLibrarys(shape, out, in, weight) && !isReadBy(epilogue, out) && library.forward(out, in, weight, shape)) {
            if (bias != null || !epilogue.equals(Conv2dEpilogue.NONE)) {
                finish(out, bias, shape, epilogue);
            }
            return;
        }
        Arguments arguments = structure(shape, 0, in, out, weight, bias, epilogue.slope(), epilogue.residual());
        arguments.setFloat(CEILING_AT, (float) epilogue.ceiling());
        arguments
                .elements(out)
                .elements(in)
                .elements(weight)
                .elements(bias)
                .elements(epilogue.slope())
                .elements(epilogue.residual());
        if (shape.isDepthwise()) {
            long runs = (long) shape.batch()
                    * shape.outChannels()
                    * shape.outHeight()
                    * Math.ceilDiv(shape.outWidth(), RUN);
            launchTurns(depthwise, arguments, runs);
        } else {
            int columns = Math.multiplyExact(shape.batch(), shape.positions());
            context.launch(forward, tiles(columns, shape.groupOutChannels(), shape.groups()), arguments);
        }
    }

    /** Finishes what another library computed: bias and epilogue over the sums in {@code out}. */
    void finish(Tensor out, @Nullable Tensor bias, Conv2dShape shape, Conv2dEpilogue epilogue) {
        Arguments arguments = structure(shape, 0, null, out, null, bias, epilogue.slope(), epilogue.residual());
        arguments.setFloat(CEILING_AT, (float) epilogue.ceiling());
        arguments.elements(out).elements(bias).elements(epilogue.slope()).elements(epilogue.residual());
        launchTurns(epilogues, arguments, out.numel());
    }

    private static boolean isReadBy(Conv2dEpilogue epilogue, Tensor out) {
        Tensor residual = epilogue.residual();
        return residual != null && residual.storage() == out.storage();
    }

    /** Whether a library may be asked. */
    private static boolean isLibrarys(Conv2dShape shape, Tensor... tensors) {
        return !shape.isDepthwise()
                && Arrays.stream(tensors).allMatch(tensor -> tensor.dtype() == DType.F32 && tensor.numel() > 0);
    }

    void backwardInput(Tensor gradIn, Tensor gradOut, Tensor weight, Conv2dShape shape) {
        if (gradIn.numel() == 0) {
            return;
        }
        if (isLibrarys(shape, gradIn, gradOut, weight) && library.backwardInput(gradIn, gradOut, weight, shape)) {
            return;
        }
        Arguments arguments = structure(shape, 0, gradIn, gradOut, weight)
                .elements(gradIn)
                .elements(gradOut)
                .elements(weight);
        if (shape.isDepthwise()) {
            launchTurns(depthwiseInput, arguments, gradIn.numel());
        } else {
            int columns = Math.multiplyExact(shape.batch(), shape.inHeight() * shape.inWidth());
            context.launch(backwardInput, tiles(columns, shape.groupInChannels(), shape.groups()), arguments);
        }
    }

    void backwardWeight(Tensor gradWeight, Tensor gradOut, Tensor in, Conv2dShape shape) {
        if (gradWeight.numel() == 0) {
            return;
        }
        if (isLibrarys(shape, gradWeight, gradOut, in) && library.backwardWeight(gradWeight, gradOut, in, shape)) {
            return;
        }
        if (shape.isDepthwise()) {
            Arguments arguments = structure(shape, 0, in, gradOut, gradWeight)
                    .elements(gradWeight)
                    .elements(gradOut)
                    .elements(in);
            Launch launch = Launch.of(gradWeight.numel(), THREADS).shared(SCRATCH_BYTES);
            context.launch(depthwiseWeight, launch, arguments);
        } else {
            backwardWeightInParts(gradWeight, gradOut, in, shape);
        }
    }

    private void backwardWeightInParts(Tensor gradWeight, Tensor gradOut, Tensor in, Conv2dShape shape) {
        int pixels = Math.multiplyExact(shape.batch(), shape.positions());
        int count = Math.clamp(Math.ceilDiv(pixels, PIXELS_PER_PART), 1, MAX_PARTS);
        try (Scope scope = context.scope()) {
            Tensor sums = scope.allocate(DType.F32, Shape.of(count, shape.outChannels(), shape.depth()));
            context.launch(
                    parts,
                    tiles(shape.depth(), shape.groupOutChannels(), Math.multiplyExact(shape.groups(), count)),
                    structure(shape, count, in, gradOut, gradWeight)
                            .pointer(sums)
                            .elements(gradOut)
                            .elements(in));
            context.launch(
                    finish,
                    Launch.of(Math.ceilDiv(gradWeight.numel(), (long) THREADS), THREADS),
                    structure(shape, count, in, gradOut, gradWeight)
                            .elements(gradWeight)
                            .pointer(sums)
                            .int64(gradWeight.numel()));
        }
    }

    private static Launch tiles(int columns, int rows, int layers) {
        return Launch.of(1, THREADS)
                .grid(Math.ceilDiv(columns, TILE), Math.ceilDiv(rows, TILE), layers)
                .shared(TILE_BYTES);
    }

    private void launchTurns(Kernel kernel, Arguments arguments, long count) {
        long blocks = CudaContext.blocks(count, THREADS, MAX_BLOCKS);
        context.launch(kernel, Launch.of(blocks, THREADS), arguments.int64(count));
    }

    // Where the last members of the structure lie; it is every launch's first argument.
    private static final int CEILING_AT = 60;
    private static final int TYPES_AT = 64;

    /** {@code typed}: in, out, weight, bias, slope and residual, or the first of them. */
    private Arguments structure(Conv2dShape shape, int partCount, @Nullable Tensor... typed) {
        Arguments arguments = context.arguments();
        int at = arguments.structure(BYTES);
        int[] sizes = {
            shape.batch(),
            shape.inChannels(),
            shape.inHeight(),
            shape.inWidth(),
            shape.outChannels(),
            shape.outHeight(),
            shape.outWidth(),
            shape.kernelHeight(),
            shape.kernelWidth(),
            shape.options().strideH(),
            shape.options().strideW(),
            shape.options().paddingH(),
            shape.options().paddingW(),
            shape.groups(),
            partCount
        };
        for (int i = 0; i < sizes.length; i++) {
            arguments.setInt(at + Integer.BYTES * i, sizes[i]);
        }
        for (int i = 0; i < typed.length; i++) {
            Tensor tensor = typed[i];
            int type = tensor == null ? 0 : CudaContext.typeCode(tensor.dtype());
            arguments.setInt(at + TYPES_AT + Integer.BYTES * i, type);
        }
        return arguments;
    }
}
