package org.s2d.device.cuda;

import org.s2d.device.Optimizers.AdamWStep;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/optimizers.cu}: one launch for all tensors, which a table in device memory names. */
final class OptimizerKernels {
    private static final String FILE = "optimizers";
    private static final int THREADS = 256;
    private static final int SUM_BYTES = THREADS / DeviceProperties.WARP * Double.BYTES;

    private final CudaContext context;
    private final Kernel adamW;
    private final Kernel average;
    private final Kernel squares;
    private final Kernel norm;
    private final Kernel judge;

    OptimizerKernels(CudaContext context) {
        this.context = context;
        LaunchContract plain = LaunchContract.threads(THREADS);
        adamW = context.kernel(FILE, "adamw_forward_f32", plain);
        average = context.kernel(FILE, "moving_average_forward_f32", plain);
        squares = context.kernel(FILE, "norm_forward_any", plain.shared(SUM_BYTES));
        norm = context.kernel(FILE, "norm_forward_any_finish", plain.shared(SUM_BYTES));
        judge = context.kernel(FILE, "norm_forward_any_judge", plain.shared(SUM_BYTES));
    }

    /** Slots of gradient, parameter and both moments. */
    void adamW(TensorTable host, Tensor table, AdamWStep constants, Tensor factor) {
        if (host.blocks() > 0) {
            context.launch(
                    adamW,
                    Launch.of(host.blocks(), THREADS),
                    context.arguments()
                            .pointer(table)
                            .int32(host.count())
                            .elements(factor)
                            .float32(constants.beta1())
                            .float32(1 - constants.beta1())
                            .float32(constants.beta2())
                            .float32(1 - constants.beta2())
                            .float32(constants.eps()));
        }
    }

    /** Slots of average and value. */
    void average(TensorTable host, Tensor table, double decay) {
        if (host.blocks() > 0) {
            context.launch(
                    average,
                    Launch.of(host.blocks(), THREADS),
                    context.arguments()
                            .pointer(table)
                            .int32(host.count())
                            .float32(decay)
                            .float32(1 - decay));
        }
    }

    /** Sums of squares of the first tensor of every slot, one per block. */
    Tensor squares(Scope scope, TensorTable host, Tensor table) {
        Tensor parts = scope.allocate(DType.F64, Shape.of(Math.toIntExact(host.blocks())));
        if (host.blocks() > 0) {
            context.launch(
                    squares,
                    Launch.of(host.blocks(), THREADS).shared(SUM_BYTES),
                    context.arguments().pointer(parts).pointer(table).int32(host.count()));
        }
        return parts;
    }

    /** {@code out} [1], the root of the sum of all parts. */
    void norm(Tensor out, Tensor parts) {
        context.launch(
                norm,
                Launch.of(1, THREADS).shared(SUM_BYTES),
                context.arguments().pointer(out).pointer(parts).int32(parts.dim(0)));
    }

    /** See {@link org.s2d.device.PreparedAdamW#judge}. */
    void judge(Tensor report, Tensor parts, Tensor watched, double maxNorm, double unscale) {
        context.launch(
                judge,
                Launch.of(1, THREADS).shared(SUM_BYTES),
                context.arguments()
                        .pointer(report)
                        .pointer(parts)
                        .int32(parts.dim(0))
                        .elements(watched)
                        .int32(watched.dim(0))
                        .float64(maxNorm)
                        .float64(unscale));
    }
}
