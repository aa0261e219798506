package org.s2d.export;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Device;
import org.s2d.export.OnnxGraph.Window;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.model.landmark.LandmarkNetwork.Stage;
import org.s2d.model.landmark.Layer;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** A landmark network as a graph: its layers one after the other, BatchNorm folded into the convolutions before it as on our devices. */
final class LandmarkOnnx {
    private static final String PREFIX = "landmark.";

    private final OnnxGraph graph;
    private final Device device;
    private final Scope scope;

    /** The device is the network's; copies of its weights are kept in {@code scope}, in host memory. */
    LandmarkOnnx(OnnxGraph graph, Device device, Scope scope) {
        this.graph = graph;
        this.device = device;
        this.scope = scope;
    }

    /** Names of the results: maps [F, C, 14, 14], points [F, 136]. */
    record Result(String maps, String points) {}

    /** Frames [F, 3, H, W] of the given side. */
    Result build(LandmarkNetwork network, String frames, int side) {
        int size = network.model().inputSize();
        String images = side == size ? frames : graph.resize("landmark", frames, side, size, true);
        String maps = stages(network.trunk(), images);
        return new Result(maps, stages(network.head(), maps));
    }

    private String stages(List<Stage> stages, String in) {
        String value = in;
        for (Stage stage : stages) {
            value = layer(PREFIX + stage.name(), stage.layer(), value);
        }
        return value;
    }

    private String layer(String path, Layer layer, String x) {
        return switch (layer) {
            case Layer.Identity identity -> x;
            case Layer.Flatten flatten -> flatten(path, x);
            case Layer.Convolution convolution -> convolution(path, convolution, x);
            case Layer.Linear linear -> linear(path, linear.convolution(), x);
            case Layer.Norm norm -> norm(path, norm, x);
            case Layer.Bottleneck bottleneck -> bottleneck(path, bottleneck, x);
            case Layer.Scales scales -> scales(path, scales, x);
            case Layer.Sequence sequence -> {
                String value = x;
                for (int i = 0; i < sequence.layers().size(); i++) {
                    value = layer(path + "." + i, sequence.layers().get(i), value);
                }
                yield value;
            }
        };
    }

    private String flatten(String path, String x) {
        return graph.node(path, "Flatten", List.of(x), "axis", 1L);
    }

    private String convolution(String path, Layer.Convolution layer, String x) {
        var options = layer.options();
        Window window = new Window(options.strideH(), options.paddingH(), options.groups());
        String result = graph.convolution(path, x, weight(layer.weight()), weight(layer.bias()), window);
        return switch (layer.activation()) {
            case NONE -> result;
            case RELU -> graph.node(path, "Relu", List.of(result));
            case RELU6 -> graph.node(path, "Clip", List.of(result, graph.scalar(path, 0), graph.scalar(path, 6)));
            case PRELU -> {
                String slopes = graph.node(path, "Unsqueeze", List.of(slope(layer), graph.integers(path, 1, 2)));
                yield graph.node(path, "PRelu", List.of(result, slopes));
            }
        };
    }

    private String slope(Layer.Convolution layer) {
        Layer.@Nullable Weight slope = layer.slope();
        if (slope == null) {
            throw new IllegalStateException(layer.weight().name() + ": PReLU without slopes");
        }
        return weight(slope);
    }

    private String linear(String path, Layer.Convolution layer, String x) {
        String matrix = flatten(path, weight(layer.weight()));
        return graph.node(path, "Gemm", List.of(x, matrix, weight(layer.bias())), "transB", 1L);
    }

    private String norm(String path, Layer.Norm norm, String x) {
        List<String> inputs =
                List.of(x, weight(norm.weight()), weight(norm.bias()), weight(norm.mean()), weight(norm.variance()));
        return graph.node(path, "BatchNormalization", inputs, "epsilon", Layer.Norm.EPS);
    }

    private String bottleneck(String path, Layer.Bottleneck layer, String x) {
        String wide = layer.expand() == null ? x : convolution(path, layer.expand(), x);
        String narrow = convolution(path, layer.project(), convolution(path, layer.depthwise(), wide));
        return layer.residual() ? graph.add(path, narrow, x) : narrow;
    }

    private String scales(String path, Layer.Scales layer, String x) {
        String half = convolution(path, layer.middle(), x);
        String point = convolution(path, layer.coarse(), half);
        return graph.concat(path, 1, positionMean(path, x), positionMean(path, half), flatten(path, point));
    }

    private String positionMean(String path, String x) {
        return flatten(path, graph.node(path, "GlobalAveragePool", List.of(x)));
    }

    private String weight(Layer.Weight weight) {
        Tensor host = scope.allocate(DType.F32, weight.values().shape());
        device.download(host, weight.values());
        return graph.weight(PREFIX + weight.name(), host);
    }
}
