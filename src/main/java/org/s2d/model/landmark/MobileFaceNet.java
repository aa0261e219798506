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
        FoldedConvolution.Chain start = FoldedConvolution.withoutDeadChannels(
                layers.block("conv1", Size.dense(3, 64, 3, 2), PRELU),
                layers.block("conv2_dw", Size.depthwise(64, 1), PRELU),
                net.pointwise("conv_23.conv", 64, 128));
        return List.of(
                new Stage("conv1", layers.upload(start.first())),
                new Stage("conv2_dw", layers.upload(start.depthwise())),
                new Stage("conv_23", net.bottleneck("conv_23", start.last(), 64, 2, false)),
                new Stage("conv_3", net.residuals("conv_3", 4, 64, 128)),
                new Stage("conv_34", net.bottleneck("conv_34", net.pointwise("conv_34.conv", 64, 256), 128, 2, false)),
                new Stage("conv_4", net.residuals("conv_4", 6, 128, 256)));
    }

    static List<Stage> head(LayerBuilder layers) {
        MobileFaceNet net = new MobileFaceNet(layers);
        return List.of(
                new Stage("conv_45", net.bottleneck("conv_45", net.pointwise("conv_45.conv", 128, 512), 128, 2, false)),
                new Stage("conv_5", net.residuals("conv_5", 2, 128, 256)),
                new Stage("conv_6_sep", layers.upload(net.pointwise("conv_6_sep", 128, 512))),
                new Stage(
                        "output_layer.conv_6_dw",
                        layers.upload(layers.block("output_layer.conv_6_dw", new Size(512, 512, 7, 1, 0, 512), NONE))),
                new Stage("output_layer.conv_6_flatten", new Layer.Flatten()),
                new Stage("output_layer.linear", layers.linear("output_layer.linear", 512, layers.outputs())),
                new Stage("output_layer.bn", net.outputNorm()),
                new Stage("output_layer", new Layer.Identity()));
    }

    private FoldedConvolution pointwise(String module, int in, int out) {
        return layers.block(module, Size.pointwise(in, out), PRELU);
    }

    private Layer bottleneck(String module, FoldedConvolution expand, int out, int stride, boolean residual) {
        int wide = expand.size().out();
        return layers.bottleneck(
                expand,
                layers.block(module + ".conv_dw", Size.depthwise(wide, stride), PRELU),
                layers.block(module + ".project", Size.pointwise(wide, out), NONE),
                residual);
    }

    private Layer residuals(String module, int count, int channels, int wide) {
        List<Layer> blocks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String block = module + ".model." + i;
            blocks.add(bottleneck(block, pointwise(block + ".conv", channels, wide), channels, 1, true));
        }
        return new Layer.Sequence(blocks);
    }

    /** Kept apart from the linear layer, so that the activation between them can be seen; absent in the folded form. */
    private Layer outputNorm() {
        String norm = "output_layer.bn";
        return layers.weights().has(norm + ".running_var") ? layers.norm(norm, layers.outputs()) : new Layer.Identity();
    }
}
