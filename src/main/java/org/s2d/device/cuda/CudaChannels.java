package org.s2d.device.cuda;

import org.s2d.device.ChannelShape;
import org.s2d.tensor.Tensor;

/** Launches {@code kernels/channels.cu}. All tensors are contiguous. */
final class CudaChannels {
    private static final String FILE = "channels";
    private static final int THREADS = 256;
    private static final int SCRATCH_BYTES = THREADS / DeviceProperties.WARP * Double.BYTES;
    /** Enough to fill any GPU several times over; threads take turns beyond. */
    private static final int MAX_BLOCKS = 4096;

    // Bytes of the structure Channels.
    private static final int BYTES = 48;
    private static final int TYPES_AT = 12;

    private final CudaContext context;
    private final Kernel sums;
    private final Kernel statistics;
    private final Kernel batchNorm;
    private final Kernel batchNormBackward;
    private final Kernel prelu;
    private final Kernel preluBackward;

    CudaChannels(CudaContext context) {
        this.context = context;
        LaunchContract contract = LaunchContract.threads(THREADS);
        LaunchContract summing = contract.shared(SCRATCH_BYTES);
        sums = context.kernel(FILE, "channel_sums_forward_any", summing);
        statistics = context.kernel(FILE, "channel_statistics_forward_any", summing);
        batchNorm = context.kernel(FILE, "batch_norm_forward_any", contract);
        batchNormBackward = context.kernel(FILE, "batch_norm_backward_any", summing);
        prelu = context.kernel(FILE, "prelu_forward_any", contract);
        preluBackward = context.kernel(FILE, "prelu_backward_any", summing);
    }

    void sums(Tensor out, Tensor in, ChannelShape shape) {
        launchPerChannel(sums, arguments(shape, out, in), shape);
    }

    void statistics(Tensor mean, Tensor variance, Tensor in, ChannelShape shape) {
        launchPerChannel(statistics, arguments(shape, mean, variance, in), shape);
    }

    /** {@code tensors}: out, in, mean, variance, weight, bias. */
    void batchNorm(double eps, ChannelShape shape, Tensor... tensors) {
        launchPerElement(batchNorm, arguments(shape, tensors).float32(eps), shape);
    }

    /** {@code tensors}: gradIn, gradWeight, gradBias, gradOut, in, mean, variance, weight. */
    void batchNormBackward(double eps, boolean batchStatistics, ChannelShape shape, Tensor... tensors) {
        Arguments arguments = arguments(shape, tensors).float64(eps).int32(batchStatistics ? 1 : 0);
        launchPerChannel(batchNormBackward, arguments, shape);
    }

    void prelu(Tensor out, Tensor in, Tensor slope, ChannelShape shape) {
        launchPerElement(prelu, arguments(shape, out, in, slope), shape);
    }

    /** {@code tensors}: gradIn, gradSlope, gradOut, in, slope. */
    void preluBackward(ChannelShape shape, Tensor... tensors) {
        launchPerChannel(preluBackward, arguments(shape, tensors), shape);
    }

    private void launchPerChannel(Kernel kernel, Arguments arguments, ChannelShape shape) {
        if (shape.channels() > 0) {
            context.launch(kernel, Launch.of(shape.channels(), THREADS).shared(SCRATCH_BYTES), arguments);
        }
    }

    private void launchPerElement(Kernel kernel, Arguments arguments, ChannelShape shape) {
        long count = shape.count() * shape.channels();
        if (count > 0) {
            context.launch(kernel, Launch.of(CudaContext.blocks(count, THREADS, MAX_BLOCKS), THREADS), arguments);
        }
    }

    private Arguments arguments(ChannelShape shape, Tensor... tensors) {
        Math.toIntExact(shape.count()); // kernels count a channel's values in 32 bits
        Arguments arguments = context.arguments();
        int at = arguments.structure(BYTES);
        arguments.setInt(at, shape.batch());
        arguments.setInt(at + 4, shape.channels());
        arguments.setInt(at + 8, shape.inner());
        for (int i = 0; i < tensors.length; i++) {
            arguments.setInt(at + TYPES_AT + Integer.BYTES * i, CudaContext.typeCode(tensors[i].dtype()));
            arguments.elements(tensors[i]);
        }
        return arguments;
    }
}
