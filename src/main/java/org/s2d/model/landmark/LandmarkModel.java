package org.s2d.model.landmark;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.s2d.device.Device;
import org.s2d.model.landmark.LandmarkNetwork.Stage;
import org.s2d.tensor.Scope;
import org.s2d.tensor.UserException;

/** The landmark networks that there are. */
@SuppressWarnings("ImmutableEnumChecker") // the builders are method references
public enum LandmarkModel {
    MOBILEFACENET("mobilefacenet", "conv_23.conv.conv.weight", 112, 128, MobileFaceNet::trunk, MobileFaceNet::head),
    MOBILENET_GDCONV(
            "mobilenet_gdconv", "base_net.0.0.0.weight", 224, 96, MobileNetGdConv::trunk, MobileNetGdConv::head),
    PFLD("pfld", "dw_pool.weight", 112, 128, Pfld::trunk, Pfld::head);

    /** x and y of 68 points. */
    private static final int OUTPUTS = 136;

    private final String label;
    private final String typicalName;
    private final int inputSize;
    private final int featureChannels;
    private final Function<LayerBuilder, List<Stage>> trunk;
    private final Function<LayerBuilder, List<Stage>> head;

    LandmarkModel(
            String label,
            String typicalName,
            int inputSize,
            int featureChannels,
            Function<LayerBuilder, List<Stage>> trunk,
            Function<LayerBuilder, List<Stage>> head) {
        this.label = label;
        this.typicalName = typicalName;
        this.inputSize = inputSize;
        this.featureChannels = featureChannels;
        this.trunk = trunk;
        this.head = head;
    }

    /** Name as in configurations. */
    public String label() {
        return label;
    }

    /** Height and width of the images it takes. */
    public int inputSize() {
        return inputSize;
    }

    /** Channels of its 14x14 features. */
    public int featureChannels() {
        return featureChannels;
    }

    /** The model of a label; throws {@link UserException} for others. */
    public static LandmarkModel of(String label) {
        return Arrays.stream(values())
                .filter(model -> model.label.equals(label))
                .findFirst()
                .orElseThrow(() -> new UserException("landmark model '" + label + "' is not known, expected one of "
                        + Arrays.stream(values()).map(LandmarkModel::label).collect(Collectors.joining(", ")) + "."));
    }

    /** The model whose checkpoint has tensors of these names; empty when it is none of ours. */
    public static Optional<LandmarkModel> recognise(Set<String> names) {
        return Arrays.stream(values())
                .filter(model -> names.contains(model.typicalName) || names.contains("module." + model.typicalName))
                .findFirst();
    }

    /**
     * Builds the network for 68 points on a device; it owns its weights until closed. Throws {@link UserException} when weights
     * are missing or have other shapes.
     */
    public LandmarkNetwork build(Device device, LandmarkWeights weights) {
        return build(device, weights, OUTPUTS);
    }

    /** As above, with results of another length. */
    public LandmarkNetwork build(Device device, LandmarkWeights weights, int outputs) {
        Scope scope = new Scope(device.allocator(), "landmark network");
        try {
            LayerBuilder layers = new LayerBuilder(device, scope, weights, outputs);
            LandmarkNetwork network =
                    new LandmarkNetwork(this, device, scope, trunk.apply(layers), head.apply(layers), outputs);
            if (weights instanceof NamedWeights named) {
                named.requireComplete(label);
            }
            return network;
        } catch (RuntimeException e) {
            scope.close();
            throw e;
        }
    }
}
