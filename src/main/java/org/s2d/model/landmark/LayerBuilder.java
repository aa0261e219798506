package org.s2d.model.landmark;

import org.jspecify.annotations.Nullable;
import org.s2d.device.Convolutions.Conv2dOptions;
import org.s2d.device.Device;
import org.s2d.model.landmark.FoldedConvolution.Slope;
import org.s2d.model.landmark.Layer.Activation;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** Makes layers on a device from named weights; BatchNorm is folded in double: {@code w' = w g / sqrt(var + eps)}. */
final class LayerBuilder {
    /** Sizes of a convolution; padding {@code (kernel - 1) / 2} unless said otherwise. */
    record Size(int in, int out, int kernel, int stride, int padding, int groups) {
        static Size pointwise(int in, int out) {
            return new Size(in, out, 1, 1, 0, 1);
        }

        static Size depthwise(int channels, int stride) {
            return new Size(channels, channels, 3, stride, 1, channels);
        }

        static Size dense(int in, int out, int kernel, int stride) {
            return new Size(in, out, kernel, stride, (kernel - 1) / 2, 1);
        }

        Shape weightShape() {
            return Shape.of(out, in / groups, kernel, kernel);
        }
    }

    private final Device device;
    private final Scope scope;
    private final LandmarkWeights weights;
    private final int outputs;

    /** Weights are kept in {@code scope}. */
    LayerBuilder(Device device, Scope scope, LandmarkWeights weights, int outputs) {
        this.device = device;
        this.scope = scope;
        this.weights = weights;
        this.outputs = outputs;
    }

    Device device() {
        return device;
    }

    LandmarkWeights weights() {
        return weights;
    }

    /** Length of the network's result. */
    int outputs() {
        return outputs;
    }

    /** {@code <module>.conv}, {@code <module>.bn} and {@code <module>.prelu}, as MobileFaceNet names them. */
    FoldedConvolution block(String module, Size size, Activation activation) {
        return convolution(module + ".conv", module + ".bn", size, activation, module + ".prelu");
    }

    FoldedConvolution convolution(String conv, @Nullable String norm, Size size, Activation activation) {
        return convolution(conv, norm, size, activation, conv);
    }

    private FoldedConvolution convolution(
            String conv, @Nullable String norm, Size size, Activation activation, String prelu) {
        double[] weight = weights.get(conv + ".weight", size.weightShape());
        double[] bias;
        if (norm != null && weights.has(norm + ".running_var")) {
            bias = fold(weight, norm, size.out());
        } else {
            bias = weights.get(conv + ".bias", Shape.of(size.out()));
        }
        Slope slope = switch (activation) {
            case NONE -> null;
            case PRELU -> new Slope(prelu + ".weight", weights.get(prelu + ".weight", Shape.of(size.out())));
            case RELU, RELU6 -> new Slope("", new double[size.out()]);
        };
        return new FoldedConvolution(conv, weight, bias, slope, activation, size);
    }

    /** A convolution that has neither BatchNorm nor bias (zeros where the folded form gives one). */
    FoldedConvolution withoutBias(String conv, Size size, Activation activation) {
        double[] weight = weights.get(conv + ".weight", size.weightShape());
        Slope slope = activation == Activation.NONE ? null : new Slope("", new double[size.out()]);
        return new FoldedConvolution(conv, weight, optionalBias(conv, size.out()), slope, activation, size);
    }

    /** An inverted bottleneck, without the channels inside that are always zero. */
    Layer.Bottleneck bottleneck(
            FoldedConvolution expand, FoldedConvolution depthwise, FoldedConvolution project, boolean residual) {
        FoldedConvolution.Chain chain = FoldedConvolution.withoutDeadChannels(expand, depthwise, project);
        return new Layer.Bottleneck(upload(chain.first()), upload(chain.depthwise()), upload(chain.last()), residual);
    }

    /** Without a bias where the weights have none. */
    Layer.Linear linear(String module, int in, int out) {
        double[] weight = weights.get(module + ".weight", Shape.of(out, in));
        return new Layer.Linear(upload(new FoldedConvolution(
                module, weight, optionalBias(module, out), null, Activation.NONE, Size.pointwise(in, out))));
    }

    private double[] optionalBias(String module, int channels) {
        String name = module + ".bias";
        return weights.has(name) ? weights.get(name, Shape.of(channels)) : new double[channels];
    }

    /** BatchNorm as a layer of its own. */
    Layer.Norm norm(String module, int channels) {
        return new Layer.Norm(
                device,
                perChannel(module + ".running_mean", channels),
                perChannel(module + ".running_var", channels),
                perChannel(module + ".weight", channels),
                perChannel(module + ".bias", channels));
    }

    /** A convolution on the device. */
    Layer.Convolution upload(FoldedConvolution folded) {
        Size size = folded.size();
        Shape channels = Shape.of(size.out());
        Slope slope = folded.slope();
        return new Layer.Convolution(
                device,
                new Layer.Weight(folded.module() + ".weight", upload(folded.weight(), size.weightShape())),
                new Layer.Weight(folded.module() + ".bias", upload(folded.bias(), channels)),
                slope == null ? null : new Layer.Weight(slope.name(), upload(slope.values(), channels)),
                folded.activation(),
                Conv2dOptions.of(size.stride(), size.padding(), size.groups()));
    }

    /** Scales the weight in place and returns the bias. */
    private double[] fold(double[] weight, String norm, int channels) {
        Shape shape = Shape.of(channels);
        double[] scale = weights.get(norm + ".weight", shape);
        double[] bias = weights.get(norm + ".bias", shape);
        double[] mean = weights.get(norm + ".running_mean", shape);
        double[] variance = weights.get(norm + ".running_var", shape);
        int fanIn = weight.length / channels;
        for (int c = 0; c < channels; c++) {
            double factor = scale[c] / Math.sqrt(variance[c] + Layer.Norm.EPS);
            for (int i = c * fanIn; i < (c + 1) * fanIn; i++) {
                weight[i] = NamedWeights.flush(weight[i] * factor);
            }
            bias[c] -= mean[c] * factor;
        }
        return bias;
    }

    /** A device tensor in the device's float type. */
    private Tensor upload(double[] values, Shape shape) {
        Tensor target = scope.allocate(device.floatType(), shape);
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            Tensor source = host.allocate(DType.F64, shape);
            for (int i = 0; i < values.length; i++) {
                source.setDouble(i, values[i]);
            }
            device.upload(target, source);
        }
        return target;
    }

    private Layer.Weight perChannel(String name, int channels) {
        return new Layer.Weight(name, upload(weights.get(name, Shape.of(channels)), Shape.of(channels)));
    }
}
