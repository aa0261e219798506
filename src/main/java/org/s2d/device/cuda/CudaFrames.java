package org.s2d.device.cuda;

import org.s2d.device.Checks;
import org.s2d.device.Frames;
import org.s2d.device.ImageNet;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/frames.cu}. */
final class CudaFrames implements Frames {
    private static final String FILE = "frames";
    private static final int THREADS = 256;
    /** Pixels of a block: several for each thread, which reads its two plans once. */
    private static final int TILE = 8 * THREADS;

    // Bytes of the structure Batch, and where its parts lie.
    private static final int BYTES = 60;
    private static final int TYPES_AT = 28;
    private static final int MEAN_AT = 36;
    private static final int FACTOR_AT = 48;

    private final CudaContext context;
    private final Kernel bytes;
    private final Kernel floats;

    CudaFrames(CudaContext context) {
        this.context = context;
        LaunchContract contract = LaunchContract.threads(THREADS);
        bytes = context.kernel(FILE, "clips_forward_u8", contract);
        floats = context.kernel(FILE, "clips_forward_any", contract);
    }

    @Override
    public void clips(Tensor out, Tensor pixels, Tensor plans, Tensor values, boolean mixed) {
        Frames.check(out, pixels, plans, values);
        Checks.singlePrecision("clips", out);
        Checks.onlyF32("clips", values);
        if (out.numel() == 0) {
            return;
        }
        long pairs = (out.dim(0) + 1L) / 2;
        long tiles = Math.ceilDiv((long) out.dim(3) * out.dim(4), TILE);
        context.launch(
                pixels.dtype() == DType.U8 ? bytes : floats,
                Launch.of(pairs * out.dim(2) * tiles, THREADS),
                structure(out, pixels, mixed)
                        .elements(out)
                        .elements(pixels)
                        .elements(plans)
                        .elements(values));
    }

    private Arguments structure(Tensor out, Tensor pixels, boolean mixed) {
        Arguments arguments = context.arguments();
        int at = arguments.structure(BYTES);
        int[] sizes = {out.dim(0), out.dim(2), pixels.dim(2), pixels.dim(3), out.dim(3), out.dim(4), mixed ? 1 : 0};
        for (int i = 0; i < sizes.length; i++) {
            arguments.setInt(at + i * Integer.BYTES, sizes[i]);
        }
        boolean areBytes = pixels.dtype() == DType.U8;
        arguments.setInt(at + TYPES_AT, CudaContext.typeCode(out.dtype()));
        arguments.setInt(at + TYPES_AT + 4, areBytes ? -1 : CudaContext.typeCode(pixels.dtype()));
        for (int c = 0; c < 3; c++) {
            arguments.setFloat(at + MEAN_AT + 4 * c, 255 * ImageNet.mean(c));
            arguments.setFloat(at + FACTOR_AT + 4 * c, 1 / (255 * ImageNet.deviation(c)));
        }
        return arguments;
    }
}
