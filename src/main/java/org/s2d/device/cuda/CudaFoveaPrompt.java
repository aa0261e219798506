package org.s2d.device.cuda;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Checks;
import org.s2d.device.Elementwise;
import org.s2d.device.FoveaPrompter;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/fovea_prompt.cu}. */
final class CudaFoveaPrompt {
    private static final String FILE = "fovea_prompt";
    private static final int THREADS = 512;
    private static final int FINISH_THREADS = 256;
    private static final int PACK = 8;
    private static final int PACK_ALIGNMENT = 16;
    // Bytes of the structure Prompt.
    private static final int BYTES = 32;

    private final CudaContext context;
    private final Elementwise elementwise;
    private final Kernel forward;
    private final Kernel backward;
    private final Kernel finish;
    private final Kernel finishNarrow;

    CudaFoveaPrompt(CudaContext context, Elementwise elementwise) {
        this.context = context;
        this.elementwise = elementwise;
        LaunchContract contract = LaunchContract.threads(THREADS).aligned(Float.BYTES);
        forward = context.kernel(FILE, "fovea_prompt_forward_any", contract);
        backward = context.kernel(FILE, "fovea_prompt_backward_any", contract);
        finish = context.kernel(
                FILE,
                "fovea_prompt_backward_any_finish",
                LaunchContract.threads(FINISH_THREADS).shared(FINISH_THREADS * Double.BYTES));
        finishNarrow =
                context.kernel(FILE, "fovea_prompt_backward_any_narrow", LaunchContract.threads(DeviceProperties.WARP));
    }

    void forward(Tensor out, FoveaPrompter.Streams streams, FoveaPrompter weights) {
        streams.check(weights, out);
        Checks.singlePrecision(FILE, streams.image(), streams.landmark());
        Checks.onlyF32(FILE, out, streams.narrow(), streams.sum(), weights.focus());
        if (streams.narrow().numel() > 0) {
            boolean packed = isPacked(weights, out, streams.image(), streams.landmark());
            context.launch(
                    forward,
                    Launch.of(out.dim(0), THREADS),
                    addressesOf(structure(streams, out, packed), weights)
                            .elements(out)
                            .pointer(streams.narrow())
                            .pointer(streams.sum())
                            .elements(streams.image())
                            .elements(streams.landmark()));
        }
    }

    void backward(
            FoveaPrompter.Gradients gradients, Tensor gradOut, FoveaPrompter.Streams streams, FoveaPrompter weights) {
        streams.check(weights, gradOut);
        Checks.singlePrecision(FILE, streams.image(), streams.landmark(), gradOut);
        Checks.onlyF32(FILE, streams.narrow(), streams.sum(), weights.focus());
        FoveaPrompter own = gradients.weights();
        if (streams.narrow().numel() == 0) {
            clear(own);
            return;
        }
        int frames = gradOut.dim(0);
        int channels = weights.channels();
        try (Scope scope = context.scope()) {
            Tensor gradSum = scope.allocate(DType.F32, streams.sum().shape());
            Tensor gradNarrow = scope.allocate(DType.F32, streams.sum().shape());
            Tensor narrowParts = scope.allocate(DType.F64, Shape.of(Math.multiplyExact(frames, channels), 3));
            Tensor parts =
                    own == null ? null : scope.allocate(DType.F32, Shape.of(frames, 3 * channels + 1, weights.width()));
            launchBackward(gradients, gradOut, streams, weights, gradNarrow, gradSum, parts, narrowParts);
            if (own != null && parts != null) {
                launchFinish(own, streams, gradOut, parts, narrowParts);
            }
        }
    }

    private void launchBackward(
            FoveaPrompter.Gradients gradients,
            Tensor gradOut,
            FoveaPrompter.Streams streams,
            FoveaPrompter weights,
            Tensor gradNarrow,
            Tensor gradSum,
            @Nullable Tensor parts,
            Tensor narrowParts) {
        Tensor image = gradients.image() == null ? gradOut : gradients.image();
        Tensor landmark = gradients.landmark() == null ? gradOut : gradients.landmark();
        streams.check(weights, image, landmark);
        boolean packed = isPacked(weights, gradOut, streams.image(), streams.landmark(), image, landmark);
        Arguments arguments = addressesOf(structure(streams, gradOut, packed), weights);
        addresses(arguments, gradients.image(), gradients.landmark(), gradNarrow, gradSum, parts, narrowParts);
        context.launch(
                backward,
                Launch.of(gradOut.dim(0), THREADS),
                arguments
                        .elements(gradOut)
                        .elements(streams.image())
                        .elements(streams.landmark())
                        .pointer(streams.narrow())
                        .pointer(streams.sum()));
    }

    private void launchFinish(
            FoveaPrompter own, FoveaPrompter.Streams streams, Tensor gradOut, Tensor parts, Tensor narrowParts) {
        context.launch(
                finish,
                Launch.of(1, FINISH_THREADS)
                        .block(DeviceProperties.WARP, FINISH_THREADS / DeviceProperties.WARP, 1)
                        .grid(Math.ceilDiv(own.width(), DeviceProperties.WARP), parts.dim(1), 1)
                        .shared(FINISH_THREADS * Double.BYTES),
                addressesOf(structure(streams, gradOut, false), own).pointer(parts));
        context.launch(
                finishNarrow,
                Launch.of(own.channels() + 1, DeviceProperties.WARP),
                addressesOf(structure(streams, gradOut, false), own).pointer(narrowParts));
    }

    private void clear(@Nullable FoveaPrompter own) {
        if (own != null) {
            for (Tensor tensor : all(own)) {
                elementwise.fill(tensor, 0);
            }
        }
    }

    private static boolean isPacked(FoveaPrompter weights, Tensor... wide) {
        boolean packed = weights.width() % PACK == 0;
        for (Tensor tensor : wide) {
            packed &= tensor.address() % PACK_ALIGNMENT == 0;
        }
        for (Tensor tensor : new Tensor[] {weights.focus(), weights.other(), weights.backBias()}) {
            packed &= tensor.address() % PACK_ALIGNMENT == 0;
        }
        return packed;
    }

    private static Tensor[] all(FoveaPrompter weights) {
        return new Tensor[] {
            weights.focus(),
            weights.focusBias(),
            weights.other(),
            weights.otherBias(),
            weights.smooth(),
            weights.back(),
            weights.backBias()
        };
    }

    /** The structures Weights and WeightGradients. */
    private static Arguments addressesOf(Arguments arguments, FoveaPrompter weights) {
        return addresses(arguments, all(weights));
    }

    /** A structure of pointers. */
    private static Arguments addresses(Arguments arguments, @Nullable Tensor... tensors) {
        int at = arguments.structure(Long.BYTES * tensors.length);
        for (int i = 0; i < tensors.length; i++) {
            Tensor tensor = tensors[i];
            arguments.setLong(at + Long.BYTES * i, tensor == null ? 0 : tensor.address());
        }
        return arguments;
    }

    private Arguments structure(FoveaPrompter.Streams streams, Tensor gradOut, boolean packed) {
        Arguments arguments = context.arguments();
        int at = arguments.structure(BYTES);
        for (int dim = 0; dim < 3; dim++) {
            arguments.setInt(at + 4 * dim, streams.image().dim(dim));
        }
        arguments.setInt(at + 12, streams.narrow().dim(2));
        arguments.setInt(at + 16, packed ? 1 : 0);
        arguments.setInt(at + 20, CudaContext.typeCode(streams.image().dtype()));
        arguments.setInt(at + 24, CudaContext.typeCode(streams.landmark().dtype()));
        arguments.setInt(at + 28, CudaContext.typeCode(gradOut.dtype()));
        return arguments;
    }
}
