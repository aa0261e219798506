package org.s2d.autograd.ops;

import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.ChannelShape;
import org.s2d.device.Convolutions;
import org.s2d.device.Elementwise;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * {@code y = (x - mean) / sqrt(variance + eps) * weight + bias} per channel.
 *
 * <p>On a training tape mean and (biased) variance are the batch's, and the running statistics move towards them:
 * {@code running = (1 - momentum) * running + momentum * batch}, the variance unbiased. On an evaluating tape the running
 * statistics are used.
 *
 * <p>Shapes: x and y [B, C, *], all others [C]. Keeps x and the statistics used. Arithmetic in F32, sums over a channel in F64.
 * Memory-bound. Source: torch.nn.functional.batch_norm.
 */
public final class BatchNorm {
    private BatchNorm() {}

    /** Running statistics and constants of one layer. */
    public record Statistics(Tensor runningMean, Tensor runningVar, double momentum, double eps) {}

    public static Var apply(Tape tape, Var x, Var weight, Var bias, Statistics statistics) {
        Convolutions kernels = tape.device().convolutions();
        ChannelShape shape = ChannelShape.of("batchNorm", x.value());
        Tensor in = tape.contiguous(x.value());
        Tensor mean;
        Tensor variance;
        if (tape.isTraining()) {
            mean = tape.allocate(tape.floatType(), Shape.of(shape.channels()));
            variance = tape.allocate(tape.floatType(), Shape.of(shape.channels()));
            kernels.channelStatistics(mean, variance, in);
            update(tape.device().elementwise(), statistics, mean, variance, shape);
        } else {
            mean = statistics.runningMean();
            variance = statistics.runningVar();
        }
        Tensor y = tape.allocate(x.value().dtype(), x.shape());
        kernels.batchNorm(y, in, mean, variance, weight.value(), bias.value(), statistics.eps());
        if (!tape.needsGrad(x, weight, bias)) {
            return tape.constant(y);
        }
        return tape.record("batchNorm", y, List.of(in, mean, variance), gradOut -> {
            Tensor gradX = tape.allocate(x.value().dtype(), x.shape());
            Tensor gradWeight = tape.allocate(tape.floatType(), weight.shape());
            Tensor gradBias = tape.allocate(tape.floatType(), bias.shape());
            kernels.batchNormBackward(
                    gradX,
                    gradWeight,
                    gradBias,
                    tape.contiguous(gradOut),
                    in,
                    mean,
                    variance,
                    weight.value(),
                    statistics.eps(),
                    tape.isTraining());
            tape.accumulate(x, gradX);
            tape.accumulate(weight, gradWeight);
            tape.accumulate(bias, gradBias);
        });
    }

    private static void update(
            Elementwise kernels, Statistics statistics, Tensor mean, Tensor variance, ChannelShape shape) {
        if (shape.count() < 2) {
            throw new ShapeException(
                    "batchNorm: input " + shape.input() + " has one value per channel, training needs more");
        }
        double momentum = statistics.momentum();
        double unbiased = (double) shape.count() / (shape.count() - 1);
        kernels.scale(statistics.runningMean(), statistics.runningMean(), 1 - momentum);
        kernels.addScaled(statistics.runningMean(), mean, momentum);
        kernels.scale(statistics.runningVar(), statistics.runningVar(), 1 - momentum);
        kernels.addScaled(statistics.runningVar(), variance, momentum * unbiased);
    }
}
