package org.s2d.model.landmark;

import static org.s2d.model.landmark.Layer.Activation.NONE;
import static org.s2d.model.landmark.Layer.Activation.PRELU;

import java.util.ArrayList;
import java.util.List;
import org.s2d.model.landmark.LandmarkNetwork.Stage;
import org.s2d.model.landmark.LayerBuilder.Size;

/**
 * MobileFaceNet for 112x112 images and 68 points: inverted bottlenecks with PReLU, then a global depth-wise convolution. The
 * features are the output of {@code conv_4}, [128, 14, 14]. Source: Chen et al., "MobileFaceNets", arXiv 1804.07573.
 */
final class MobileFaceNet {
    private final LayerBuilder layers;

    private MobileFaceNet(LayerBuilder layers) {
        this.layers = layers;
    }

    static List<Stage> trunk(LayerBuilder layers) {
        MobileFaceNet net = new MobileFaceNet(layers);
        return List.of(
                new Stage("conv1", layers.block("conv1", Size.dense(3, 64, 3, 2), PRELU)),
                new Stage("conv2_dw", layers.block("conv2_dw", Size.depthwise(64, 1), PRELU)),
                new Stage("conv_23", net.bottleneck("conv_23", 64, 128, 64, 2)),
                new Stage("conv_3", net.residuals("conv_3", 4, 64, 128)),
                new Stage("conv_34", net.bottleneck("conv_34", 64, 256, 128, 2)),
                new Stage("conv_4", net.residuals("conv_4", 6, 128, 256)));
    }

    static List<Stage> head(LayerBuilder layers) {
        MobileFaceNet net = new MobileFaceNet(layers);
        return List.of(
                new Stage("conv_45", net.bottleneck("conv_45", 128, 512, 128, 2)),
                new Stage("conv_5", net.residuals("conv_5", 2, 128, 256)),
                new Stage("conv_6_sep", layers.block("conv_6_sep", Size.pointwise(128, 512), PRELU)),
                new Stage(
                        "output_layer.conv_6_dw",
                        layers.block("output_layer.conv_6_dw", new Size(512, 512, 7, 1, 0, 512), NONE)),
                new Stage("output_layer.conv_6_flatten", new Layer.Flatten()),
                new Stage("output_layer.linear", layers.linear("output_layer.linear", 512, layers.outputs())),
                new Stage("output_layer.bn", net.outputNorm()),
                new Stage("output_layer", new Layer.Identity()));
    }

    private Layer.Bottleneck bottleneck(String module, int in, int wide, int out, int stride) {
        return new Layer.Bottleneck(
                layers.block(module + ".conv", Size.pointwise(in, wide), PRELU),
                layers.block(module + ".conv_dw", Size.depthwise(wide, stride), PRELU),
                layers.block(module + ".project", Size.pointwise(wide, out), NONE),
                false);
    }

    private Layer residuals(String module, int count, int channels, int wide) {
        List<Layer> blocks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Layer.Bottleneck block = bottleneck(module + ".model." + i, channels, wide, channels, 1);
            blocks.add(new Layer.Bottleneck(block.expand(), block.depthwise(), block.project(), true));
        }
        return new Layer.Sequence(blocks);
    }

    /** Kept apart from the linear layer, so that the activation between them can be seen; absent in the folded form. */
    private Layer outputNorm() {
        String norm = "output_layer.bn";
        return layers.weights().has(norm + ".running_var") ? layers.norm(norm, layers.outputs()) : new Layer.Identity();
    }
}
