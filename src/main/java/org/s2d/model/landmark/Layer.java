package org.s2d.model.landmark;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions.Conv2dEpilogue;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.device.Device;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** A frozen piece of a network: a tensor from a tensor, the result in the given scope, nothing else left behind. */
@FunctionalInterface
interface Layer {
    /** Passes its input on. */
    Layer IDENTITY = Scope::keep;

    /** [F, C, 1, 1] as [F, C]. */
    Layer FLATTEN = (out, in) -> out.keep(in).reshape(in.dim(0), in.dim(1));

    Tensor apply(Scope out, Tensor in);

    /** Convolution with BatchNorm folded in, then an activation: slope null for none, zeros for ReLU, ceiling 6 for ReLU6. */
    record Convolution(
            Device device,
            Tensor weight,
            Tensor bias,
            @Nullable Tensor slope,
            double ceiling,
            Conv2dOptions options) implements Layer {
        @Override
        public Tensor apply(Scope out, Tensor in) {
            return apply(out, in, null);
        }

        /** With a residual added after the activation. */
        Tensor apply(Scope out, Tensor in, @Nullable Tensor residual) {
            Conv2dShape shape = Conv2dShape.of(in.shape(), weight.shape(), options);
            Tensor result = out.allocate(device.floatType(), shape.outShape());
            Conv2dEpilogue epilogue = new Conv2dEpilogue(slope, ceiling, residual);
            device.convolutions().conv2d(result, in, weight, bias, options, epilogue);
            return result;
        }
    }

    /** A fully connected layer on [F, K], as a convolution of one position. */
    record Linear(Convolution convolution) implements Layer {
        @Override
        public Tensor apply(Scope out, Tensor in) {
            Tensor image = in.reshape(in.dim(0), in.dim(1), 1, 1);
            Tensor result = convolution.apply(out, image);
            return result.reshape(result.dim(0), result.dim(1));
        }
    }

    /** BatchNorm that is not folded. */
    record Norm(Device device, Tensor mean, Tensor variance, Tensor weight, Tensor bias) implements Layer {
        @Override
        public Tensor apply(Scope out, Tensor in) {
            Tensor result = out.allocate(device.floatType(), in.shape());
            device.convolutions().batchNorm(result, in, mean, variance, weight, bias, LayerBuilder.EPS);
            return result;
        }
    }

    /** Inverted bottleneck: expand (1x1), filter each channel (3x3), project (1x1); optionally plus its input. */
    record Bottleneck(@Nullable Convolution expand, Convolution depthwise, Convolution project, boolean residual)
            implements Layer {
        @Override
        public Tensor apply(Scope out, Tensor in) {
            try (Scope inner = new Scope(out.allocator())) {
                Tensor wide = expand == null ? in : expand.apply(inner, in);
                Tensor filtered = depthwise.apply(inner, wide);
                return project.apply(out, filtered, residual ? in : null);
            }
        }
    }

    /** Layers one after the other; each intermediate result goes as soon as the next is there. */
    record Sequence(List<? extends Layer> layers) implements Layer {
        @Override
        public Tensor apply(Scope out, Tensor in) {
            Tensor value = in;
            Scope held = new Scope(out.allocator());
            try {
                for (int i = 0; i < layers.size() - 1; i++) {
                    Scope next = new Scope(out.allocator());
                    try {
                        value = layers.get(i).apply(next, value);
                    } finally {
                        held.close();
                        held = next;
                    }
                }
                return layers.getLast().apply(out, value);
            } finally {
                held.close();
            }
        }
    }
}
