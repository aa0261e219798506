package org.s2d.device.cuda;

import org.s2d.device.Convolutions.Interpolation;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/resize.cu}. All tensors are contiguous, their shapes checked. */
final class CudaResize {
    private static final String FILE = "resize";
    private static final int THREADS = 256;
    /** Enough to fill any GPU several times over; threads take turns beyond. */
    private static final int MAX_BLOCKS = 4096;

    // Bytes of the structure Resize, and where its parts lie.
    private static final int BYTES = 64;
    private static final int ROWS_AT = 8;
    private static final int COLUMNS_AT = 32;
    private static final int TYPES_AT = 56;

    private final CudaContext context;
    private final Kernel forward;
    private final Kernel backward;

    CudaResize(CudaContext context) {
        this.context = context;
        LaunchContract contract = LaunchContract.threads(THREADS);
        forward = context.kernel(FILE, "resize_forward_any", contract);
        backward = context.kernel(FILE, "resize_backward_any", contract);
    }

    void forward(Tensor out, Tensor in, Interpolation mode, boolean alignCorners) {
        launch(
                forward,
                out,
                structure(out, in, mode, alignCorners).elements(out).elements(in));
    }

    void backward(Tensor gradIn, Tensor gradOut, Interpolation mode, boolean alignCorners) {
        Arguments arguments = structure(gradOut, gradIn, mode, alignCorners);
        launch(backward, gradIn, arguments.elements(gradIn).elements(gradOut));
    }

    private void launch(Kernel kernel, Tensor written, Arguments arguments) {
        if (written.numel() > 0) {
            long blocks = CudaContext.blocks(written.numel(), THREADS, MAX_BLOCKS);
            context.launch(kernel, Launch.of(blocks, THREADS), arguments);
        }
    }

    private Arguments structure(Tensor out, Tensor in, Interpolation mode, boolean alignCorners) {
        Arguments arguments = context.arguments();
        int at = arguments.structure(BYTES);
        arguments.setLong(at, (long) in.dim(0) * in.dim(1));
        setAxis(arguments, at + ROWS_AT, out.dim(2), in.dim(2), mode, alignCorners);
        setAxis(arguments, at + COLUMNS_AT, out.dim(3), in.dim(3), mode, alignCorners);
        arguments.setInt(at + TYPES_AT, CudaContext.typeCode(out.dtype()));
        arguments.setInt(at + TYPES_AT + 4, CudaContext.typeCode(in.dtype()));
        return arguments;
    }

    /** Source of the scale: {@link org.s2d.device.ResizeAxis}. */
    private static void setAxis(Arguments arguments, int at, int out, int in, Interpolation mode, boolean aligned) {
        double alignedScale = out > 1 ? (double) (in - 1) / (out - 1) : 0;
        arguments.setInt(at, in);
        arguments.setInt(at + 4, out);
        arguments.setInt(at + 8, mode == Interpolation.BILINEAR ? 2 : 4);
        arguments.setInt(at + 12, aligned ? 1 : 0);
        arguments.setLong(at + 16, Double.doubleToRawLongBits(aligned ? alignedScale : (double) in / out));
    }
}
