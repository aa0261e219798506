package org.s2d.model.landmark;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Conv2dShape;
import org.s2d.device.Convolutions.Conv2dEpilogue;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.device.Device;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/**
 * A frozen piece of a network: a tensor from a tensor, the result in the given scope, nothing else left behind. The kinds are few and open to
 * view, so that a network can also be written down for other programs.
 */
public sealed interface Layer {
    /** The result for an input. */
    Tensor apply(Scope out, Tensor in);

    /** A tensor by the name of the PyTorch module. */
    record Weight(String name, Tensor values) {}

    /** What follows a convolution; PRELU has a slope per channel. */
    enum Activation {
        NONE,
        PRELU,
        RELU,
        RELU6;

        double ceiling() {
            return this == RELU6 ? 6 : Double.POSITIVE_INFINITY;
        }
    }

    /** Convolution with BatchNorm folded in, then an activation. {@code slope} [O]: null for none, zeros for ReLU and ReLU6. */
    record Convolution(
            Device device,
            Weight weight,
            Weight bias,
            @Nullable Weight slope,
            Activation activation,
            Conv2dOptions options)
            implements Layer {
        @Override
        public Tensor apply(Scope out, Tensor in) {
            return apply(out, in, null);
        }

        /** With a residual added after the activation. */
        Tensor apply(Scope out, Tensor in, @Nullable Tensor residual) {
            Tensor filters = weight.values();
            Conv2dShape shape = Conv2dShape.of(in.shape(), filters.shape(), options);
            Tensor result = out.allocate(device.floatType(), shape.outShape());
            Tensor slopes = slope == null ? null : slope.values();
            Conv2dEpilogue epilogue = new Conv2dEpilogue(slopes, activation.ceiling(), residual);
            device.convolutions().conv2d(result, in, filters, bias.values(), options, epilogue);
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
    record Norm(Device device, Weight mean, Weight variance, Weight weight, Weight bias) implements Layer {
        /** Added to the variance. */
        public static final double EPS = 1e-5;

        @Override
        public Tensor apply(Scope out, Tensor in) {
            Tensor result = out.allocate(device.floatType(), in.shape());
            device.convolutions()
                    .batchNorm(result, in, mean.values(), variance.values(), weight.values(), bias.values(), EPS);
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

    /** Means over all positions of the input and of {@code middle}, and {@code coarse} of {@code middle}, side by side: [F, C]. */
    record Scales(Device device, Convolution middle, Convolution coarse) implements Layer {
        @Override
        public Tensor apply(Scope out, Tensor in) {
            return MultiScale.apply(this, out, in);
        }
    }

    /** Passes its input on. */
    record Identity() implements Layer {
        @Override
        public Tensor apply(Scope out, Tensor in) {
            return out.keep(in);
        }
    }

    /** [F, C, 1, 1] as [F, C]. */
    record Flatten() implements Layer {
        @Override
        public Tensor apply(Scope out, Tensor in) {
            return out.keep(in).reshape(in.dim(0), in.dim(1));
        }
    }

    /** Layers one after the other; each intermediate result goes as soon as the next is there. */
    record Sequence(List<? extends Layer> layers) implements Layer {
        /** Sees the result of the i-th layer. */
        @FunctionalInterface
        interface Watcher {
            void see(int layer, Tensor result);
        }

        @Override
        public Tensor apply(Scope out, Tensor in) {
            return apply(out, in, (layer, result) -> {});
        }

        Tensor apply(Scope out, Tensor in, Watcher watcher) {
            Tensor value = in;
            Scope held = new Scope(out.allocator());
            try {
                for (int i = 0; i < layers.size() - 1; i++) {
                    Scope next = new Scope(out.allocator());
                    try {
                        value = layers.get(i).apply(next, value);
                        watcher.see(i, value);
                    } finally {
                        held.close();
                        held = next;
                    }
                }
                Tensor last = layers.getLast().apply(out, value);
                watcher.see(layers.size() - 1, last);
                return last;
            } finally {
                held.close();
            }
        }
    }
}
