package org.s2d.device.cuda;

import org.s2d.device.AttentionChecks;
import org.s2d.device.Checks;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/fovea.cu}. */
final class CudaFovea {
    private static final String FILE = "fovea";
    private static final int THREADS = 256;
    private static final int COLUMNS = THREADS / DeviceProperties.WARP;

    // Bytes of the structure Fovea.
    private static final int BYTES = 32;

    private final CudaContext context;
    private final Kernel forward;
    private final Kernel backward;
    private final Kernel smooth;

    CudaFovea(CudaContext context) {
        this.context = context;
        LaunchContract contract = LaunchContract.threads(THREADS);
        forward = context.kernel(FILE, "fovea_forward_any", contract);
        backward = context.kernel(FILE, "fovea_backward_any", contract);
        smooth = context.kernel(FILE, "fovea_backward_any_smooth", LaunchContract.threads(DeviceProperties.WARP));
    }

    void forward(Tensor out, Tensor in, Tensor smooth) {
        AttentionChecks.fovea("fovea", in, smooth, out);
        Checks.singlePrecision("fovea", in, smooth, out);
        if (in.numel() > 0) {
            Arguments arguments = structure(in, out, in, smooth);
            context.launch(
                    forward, launch(in), arguments.elements(out).elements(in).elements(smooth));
        }
    }

    void backward(Tensor gradIn, Tensor gradSmooth, Tensor gradOut, Tensor in, Tensor given) {
        String name = "foveaBackward";
        AttentionChecks.fovea(name, in, given, gradIn, gradOut);
        AttentionChecks.fovea(name, in, gradSmooth);
        Checks.singlePrecision(name, in, given, gradIn, gradOut, gradSmooth);
        try (Scope scope = context.scope()) {
            Tensor parts = scope.allocate(DType.F64, Shape.of(Math.max(1, columns(in))));
            if (in.numel() > 0) {
                context.launch(
                        backward,
                        launch(in),
                        structure(in, gradIn, gradOut, given)
                                .elements(gradIn)
                                .pointer(parts)
                                .elements(gradOut)
                                .elements(in)
                                .elements(given));
            }
            context.launch(
                    smooth,
                    Launch.of(1, DeviceProperties.WARP),
                    context.arguments()
                            .elements(gradSmooth)
                            .int32(CudaContext.typeCode(gradSmooth.dtype()))
                            .pointer(parts)
                            .int64(in.numel() > 0 ? columns(in) : 0));
        }
    }

    private static int columns(Tensor in) {
        return Math.multiplyExact(in.dim(0), in.dim(2));
    }

    private static Launch launch(Tensor in) {
        return Launch.of(Math.ceilDiv(columns(in), COLUMNS), THREADS);
    }

    private Arguments structure(Tensor in, Tensor out, Tensor grad, Tensor smooth) {
        Arguments arguments = context.arguments();
        int at = arguments.structure(BYTES);
        arguments.setLong(at, columns(in));
        arguments.setInt(at + 8, in.dim(1));
        arguments.setInt(at + 12, in.dim(2));
        arguments.setInt(at + 16, CudaContext.typeCode(out.dtype()));
        arguments.setInt(at + 20, CudaContext.typeCode(in.dtype()));
        arguments.setInt(at + 24, CudaContext.typeCode(grad.dtype()));
        arguments.setInt(at + 28, CudaContext.typeCode(smooth.dtype()));
        return arguments;
    }
}
