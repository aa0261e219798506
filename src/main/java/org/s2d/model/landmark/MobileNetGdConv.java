package org.s2d.model.landmark;

import static org.s2d.model.landmark.Layer.Activation.NONE;
import static org.s2d.model.landmark.Layer.Activation.RELU6;

import java.util.ArrayList;
import java.util.List;
import org.s2d.model.landmark.LandmarkNetwork.Stage;
import org.s2d.model.landmark.LayerBuilder.Size;

/**
 * MobileNetV2 for 224x224 images with a global depth-wise convolution and 68 points. The features are the output of trunk
 * layer 13, [96, 14, 14]. Source: Sandler et al., "MobileNetV2", arXiv 1801.04381.
 */
final class MobileNetGdConv {
    private static final String TRUNK = "base_net.0.";
    private static final int FEATURES = 13;
    private static final int LAST = 1280;

    /** Widening factor, output channels, repetitions, stride of the first. */
    private record Group(int expand, int channels, int count, int stride) {}

    private static final List<Group> GROUPS = List.of(
            new Group(1, 16, 1, 1),
            new Group(6, 24, 2, 2),
            new Group(6, 32, 3, 2),
            new Group(6, 64, 4, 2),
            new Group(6, 96, 3, 1),
            new Group(6, 160, 3, 2),
            new Group(6, 320, 1, 1));

    private MobileNetGdConv() {}

    static List<Stage> trunk(LayerBuilder layers) {
        return features(layers, 0, FEATURES);
    }

    static List<Stage> head(LayerBuilder layers) {
        List<Stage> stages = new ArrayList<>(features(layers, FEATURES + 1, 17));
        int channels = GROUPS.getLast().channels();
        stages.add(
                new Stage(TRUNK + 18, layers.upload(convolution(layers, TRUNK + 18, Size.pointwise(channels, LAST)))));
        stages.add(new Stage(
                "linear7", layers.upload(layers.block("linear7", new Size(LAST, LAST, 7, 1, 0, LAST), NONE))));
        Size points = Size.pointwise(LAST, layers.outputs());
        stages.add(new Stage("linear1", layers.upload(layers.block("linear1", points, NONE))));
        stages.add(new Stage("landmarks", new Layer.Flatten()));
        return stages;
    }

    /** Trunk layers {@code first} to {@code last}; the names number them without regard to groups. */
    private static List<Stage> features(LayerBuilder layers, int first, int last) {
        List<Stage> stages = new ArrayList<>();
        if (first == 0) {
            stages.add(new Stage(TRUNK + 0, layers.upload(convolution(layers, TRUNK + 0, Size.dense(3, 32, 3, 2)))));
        }
        int in = 32;
        int index = 1;
        for (Group group : GROUPS) {
            for (int i = 0; i < group.count(); i++, index++) {
                if (index >= first && index <= last) {
                    int stride = i == 0 ? group.stride() : 1;
                    stages.add(
                            new Stage(TRUNK + index, bottleneck(layers, TRUNK + index + ".conv.", in, group, stride)));
                }
                in = group.channels();
            }
        }
        return stages;
    }

    private static FoldedConvolution convolution(LayerBuilder layers, String module, Size size) {
        return layers.convolution(module + ".0", module + ".1", size, RELU6);
    }

    private static Layer bottleneck(LayerBuilder layers, String module, int in, Group group, int stride) {
        int wide = in * group.expand();
        boolean widens = group.expand() > 1;
        int next = widens ? 1 : 0;
        boolean residual = stride == 1 && in == group.channels();
        FoldedConvolution depthwise = convolution(layers, module + next, Size.depthwise(wide, stride));
        FoldedConvolution project = layers.convolution(
                module + (next + 1), module + (next + 2), Size.pointwise(wide, group.channels()), NONE);
        return widens
                ? layers.bottleneck(
                        convolution(layers, module + 0, Size.pointwise(in, wide)), depthwise, project, residual)
                : new Layer.Bottleneck(null, layers.upload(depthwise), layers.upload(project), residual);
    }
}
