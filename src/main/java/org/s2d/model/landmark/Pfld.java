package org.s2d.model.landmark;

import static org.s2d.model.landmark.Layer.Activation.NONE;
import static org.s2d.model.landmark.Layer.Activation.RELU;

import java.util.ArrayList;
import java.util.List;
import org.s2d.model.landmark.LandmarkNetwork.Stage;
import org.s2d.model.landmark.LayerBuilder.Size;

/**
 * PFLD, compressed form, for 112x112 images and 68 points, which it reads from three scales together. The features are the
 * output of {@code block5_6}, [128, 14, 14]. As released: no activation after {@code dw_pool}, and {@code conv8} has a bias but no
 * BatchNorm ({@code bn8} is unused). Source: Guo et al., "PFLD", arXiv 1902.10859.
 */
final class Pfld {
    private static final int FINE = 16;
    private static final int MIDDLE = 32;
    private static final int COARSE = 128;

    private final LayerBuilder layers;

    private Pfld(LayerBuilder layers) {
        this.layers = layers;
    }

    static List<Stage> trunk(LayerBuilder layers) {
        Pfld net = new Pfld(layers);
        List<Stage> stages = new ArrayList<>();
        stages.add(
                new Stage("conv1", layers.upload(layers.convolution("conv1", "bn1", Size.dense(3, 64, 3, 2), RELU))));
        stages.add(new Stage(
                "dw_pool", layers.upload(layers.convolution("dw_pool", "dw_bn", Size.depthwise(64, 1), NONE))));
        stages.add(new Stage(
                "conv1_extra", layers.upload(layers.withoutBias("conv1_extra", Size.pointwise(64, 64), RELU))));
        stages.add(net.bottleneck("conv3_1", 64, 64, 64, 2));
        for (int i = 2; i <= 5; i++) {
            stages.add(net.bottleneck("block3_" + i, 64, 64, 64, 1));
        }
        stages.add(net.bottleneck("conv4_1", 64, 64, 128, 2));
        stages.add(net.bottleneck("conv5_1", 128, 256, 128, 1));
        for (int i = 2; i <= 6; i++) {
            stages.add(net.bottleneck("block5_" + i, 128, 256, 128, 1));
        }
        return stages;
    }

    static List<Stage> head(LayerBuilder layers) {
        Pfld net = new Pfld(layers);
        Layer scales = new Layer.Scales(
                layers.device(),
                layers.upload(layers.convolution("conv7.0", "conv7.1", Size.dense(FINE, MIDDLE, 3, 2), RELU)),
                layers.upload(layers.convolution("conv8", null, new Size(MIDDLE, COARSE, 7, 1, 0, 1), RELU)));
        Layer points = layers.linear("fc", FINE + MIDDLE + COARSE, layers.outputs());
        return List.of(
                net.bottleneck("conv6_1", 128, 128, FINE, 1), new Stage("scales", scales), new Stage("fc", points));
    }

    /** Blocks named {@code block*} add their input. */
    private Stage bottleneck(String module, int in, int wide, int out, int stride) {
        String conv = module + ".conv.";
        return new Stage(
                module,
                layers.bottleneck(
                        layers.convolution(conv + 0, conv + 1, Size.pointwise(in, wide), RELU),
                        layers.convolution(conv + 3, conv + 4, Size.depthwise(wide, stride), RELU),
                        layers.convolution(conv + 6, conv + 7, Size.pointwise(wide, out), NONE),
                        module.startsWith("block")));
    }
}
