package org.s2d.check.conformance;

import static org.s2d.check.conformance.Input.normal;
import static org.s2d.check.conformance.Input.offZero;
import static org.s2d.check.conformance.Input.positive;

import java.util.ArrayList;
import java.util.List;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.BatchNorm;
import org.s2d.autograd.ops.Conv2d;
import org.s2d.autograd.ops.PRelu;
import org.s2d.autograd.ops.Resize;
import org.s2d.check.conformance.OpEntry.Exemption;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.device.Convolutions.Interpolation;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Convolution, batch normalisation, PReLU and resizing. */
final class ImageEntries {
    private ImageEntries() {}

    static List<OpEntry> entries() {
        List<OpEntry> entries = new ArrayList<>();
        entries.add(conv2d("conv2d 3x3", Conv2dOptions.of(1, 1, 1))
                .sample(normal(2, 3, 5, 4), weight(5, 3, 3, 3), weight(5))
                .sample(normal(1, 1, 1, 1), weight(1, 1, 3, 3), weight(1))
                .sample(normal(0, 2, 4, 4), weight(3, 2, 3, 3), weight(3))
                .large(normal(2, 7, 23, 37), weight(9, 7, 3, 3), weight(9))
                .error("does not fit the 3 channels", normal(2, 3, 5, 4), weight(5, 4, 3, 3), weight(5))
                .error("bias (4) for 5 channels", normal(2, 3, 5, 4), weight(5, 3, 3, 3), weight(4))
                .error("expected [B, C, H, W]", normal(3, 5, 4), weight(5, 3, 3, 3), weight(5))
                .error("larger than padded input", normal(1, 1, 2, 2), weight(1, 1, 5, 5), weight(1)));
        entries.add(conv2d("conv2d 1x1", Conv2dOptions.of(1, 0, 1))
                .sample(normal(2, 6, 3, 5), weight(7, 6, 1, 1), weight(7))
                .sample(normal(1, 1, 1, 1), weight(1, 1, 1, 1), weight(1))
                .sample(normal(0, 2, 4, 4), weight(3, 2, 1, 1), weight(3))
                .large(normal(2, 40, 14, 15), weight(33, 40, 1, 1), weight(33)));
        entries.add(conv2d("conv2d in 2 groups, stride 2x1", new Conv2dOptions(2, 1, 0, 2, 2))
                .sample(normal(2, 4, 5, 6), weight(6, 2, 3, 2), weight(6))
                .sample(normal(1, 2, 3, 1), weight(2, 1, 3, 2), weight(2))
                .sample(normal(0, 4, 5, 6), weight(6, 2, 3, 2), weight(6)));
        entries.add(depthwise(1)
                .large(normal(3, 3, 40, 53), weight(3, 1, 3, 3), weight(3))
                .error("with 3 groups", normal(1, 4, 5, 5), weight(4, 1, 3, 3), weight(4)));
        entries.add(depthwise(2).large(normal(3, 3, 60, 71), weight(3, 1, 3, 3), weight(3)));
        entries.add(depthwise(3).large(normal(3, 3, 60, 71), weight(3, 1, 3, 3), weight(3)));
        entries.add(OpEntry.of("batchNorm", ImageEntries::batchNorm)
                .sample(normal(3, 4, 2, 5), weight(4), weight(4))
                .sample(normal(6, 3), weight(3), weight(3))
                // With two values a channel is always +-1 and its gradient nothing but cancellation.
                .sample(normal(1, 1, 3), weight(1), weight(1))
                .large(normal(5, 3, 37, 41), weight(3), weight(3))
                .exempt(Exemption.NEVER_EMPTY)
                .error("expected [B, C, *]", normal(4), weight(4), weight(4))
                .error("for the 4 channels", normal(3, 4, 2), weight(3), weight(4))
                .error("training needs more", normal(1, 4), weight(4), weight(4)));
        entries.add(OpEntry.of("prelu", (tape, in) -> PRelu.apply(tape, in.get(0), in.get(1)))
                .sample(offZero(2, 3, 4, 5), weight(3))
                .sample(offZero(1, 1), weight(1))
                .sample(offZero(0, 3, 4), weight(3))
                .large(offZero(3, 3, 47, 53), weight(3))
                .error("for the 3 channels", normal(2, 3, 4), weight(4)));
        for (boolean aligned : new boolean[] {true, false}) {
            entries.add(resize(Interpolation.BILINEAR, aligned));
            entries.add(resize(Interpolation.BICUBIC, aligned));
        }
        return entries;
    }

    private static Input weight(int... dims) {
        return normal(dims).parameter();
    }

    private static OpEntry conv2d(String name, Conv2dOptions options) {
        return OpEntry.of(name, (tape, in) -> Conv2d.apply(tape, in.get(0), in.get(1), in.get(2), options));
    }

    private static OpEntry depthwise(int stride) {
        return conv2d("conv2d depth-wise, stride " + stride, Conv2dOptions.of(stride, 1, 3))
                .sample(normal(2, 3, 5, 6), weight(3, 1, 3, 3), weight(3))
                .sample(normal(1, 3, 4, 19), weight(3, 1, 2, 5), weight(3))
                .sample(normal(1, 3, 1, 2), weight(3, 1, 3, 3), weight(3))
                .sample(normal(0, 3, 5, 6), weight(3, 1, 3, 3), weight(3));
    }

    private static Var batchNorm(Tape tape, List<Var> in) {
        Shape channels = Shape.of(in.get(0).shape().rank() < 2 ? 1 : in.get(0).dim(1));
        Tensor mean = tape.allocate(tape.floatType(), channels);
        Tensor variance = tape.allocate(tape.floatType(), channels);
        tape.device().elementwise().fill(mean, 0);
        tape.device().elementwise().fill(variance, 1);
        BatchNorm.Statistics statistics = new BatchNorm.Statistics(mean, variance, 0.1, 1e-5);
        return BatchNorm.apply(tape, in.get(0), in.get(1), in.get(2), statistics);
    }

    private static OpEntry resize(Interpolation mode, boolean aligned) {
        return OpEntry.of(
                        "resize " + mode + (aligned ? ", corners aligned" : ""),
                        (tape, in) -> Resize.apply(tape, in.get(0), 5, 7, mode, aligned))
                .sample(normal(2, 2, 3, 9))
                .sample(normal(1, 1, 1, 1))
                .sample(positive(0, 2, 3, 3))
                .large(normal(40, 3, 21, 23))
                .error("expected [B, C, H, W]", normal(3, 4, 5));
    }
}
