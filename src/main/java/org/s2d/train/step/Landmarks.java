package org.s2d.train.step;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.device.Convolutions.Interpolation;
import org.s2d.device.Device;
import org.s2d.model.landmark.LandmarkModel;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.model.landmark.LandmarkNetwork.Outputs;
import org.s2d.model.landmark.NamedWeights;
import org.s2d.model.landmark.RandomWeights;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.config.TrainConfig;
import org.s2d.weights.Checkpoint;

/**
 * Landmark feature maps by a frozen network, or zeros in their place. Maps of another size than the model's grid of patches are resized
 * (bilinear).
 */
public final class Landmarks implements LandmarkSource, AutoCloseable {
    private static final String NONE = "none";
    private static final int CHANNELS_WITHOUT_NETWORK = 128;

    private final @Nullable LandmarkNetwork network;
    private final int gridSide;

    private Landmarks(@Nullable LandmarkNetwork network, int gridSide) {
        this.network = network;
        this.gridSide = gridSide;
    }

    /** Channels of the maps that a configuration's network makes. */
    public static int channels(TrainConfig.Landmark config) {
        return config.network().equals(NONE)
                ? CHANNELS_WITHOUT_NETWORK
                : LandmarkModel.of(config.network()).featureChannels();
    }

    /**
     * The maps of a configuration. Throws {@link UserException} when the network's file is missing or damaged.
     *
     * @param gridSide patches along one side of a frame
     */
    public static Landmarks open(TrainConfig.Landmark config, int gridSide, Device device) {
        return new Landmarks(network(config, device), gridSide);
    }

    /** The network of a configuration; null for none. */
    public static @Nullable LandmarkNetwork network(TrainConfig.Landmark config, Device device) {
        if (config.network().equals(NONE)) {
            return null;
        }
        LandmarkModel model = LandmarkModel.of(config.network());
        if (config.weights().isEmpty()) {
            return model.build(device, new RandomWeights(config.seed()));
        }
        try (Checkpoint checkpoint = Checkpoint.open(Path.of(config.weights()));
                HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            checkpoint.tensors().forEach((name, stored) -> tensors.put(name, checkpoint.load(stored, scope)));
            return model.build(device, new NamedWeights(tensors));
        }
    }

    /**
     * Maps as {@link LandmarkSource#features} says, and where asked for and known, 68 points per frame: [B*T, 136], x0, y0, x1, ... as
     * fractions of the frame.
     */
    record Maps(Var features, @Nullable Tensor points) {}

    /** Whether there is a network; without one the maps are zeros. */
    public boolean hasNetwork() {
        return network != null;
    }

    /** The network; null for none. */
    public @Nullable LandmarkNetwork network() {
        return network;
    }

    /** Maps of zeros in place of this network's, for the same model. */
    public LandmarkSource silenced() {
        int channels =
                network == null ? CHANNELS_WITHOUT_NETWORK : network.model().featureChannels();
        return (tape, clips) -> zeros(tape, clips.dim(0) * clips.dim(2), channels);
    }

    private Var zeros(Tape tape, int frames, int channels) {
        Tensor zeros = tape.allocate(tape.floatType(), Shape.of(frames, channels, gridSide, gridSide));
        tape.device().elementwise().fill(zeros, 0);
        return tape.constant(zeros);
    }

    @Override
    public Var features(Tape tape, Var clips) {
        return maps(tape, clips, false).features();
    }

    Maps maps(Tape tape, Var clips, boolean withPoints) {
        int frames = clips.dim(0) * clips.dim(2);
        if (network == null) {
            return new Maps(zeros(tape, frames, CHANNELS_WITHOUT_NETWORK), null);
        }
        Outputs outputs = withPoints ? Outputs.FEATURES_AND_LANDMARKS : Outputs.FEATURES;
        LandmarkNetwork.Result result = network.forwardClips(clips.value(), tape.scope(), outputs);
        Tensor maps = result.features();
        if (maps.dim(2) == gridSide) {
            return new Maps(tape.constant(maps), result.landmarks());
        }
        Tensor resized = tape.allocate(tape.floatType(), Shape.of(frames, maps.dim(1), gridSide, gridSide));
        tape.device().convolutions().resize(resized, maps, Interpolation.BILINEAR, false);
        return new Maps(tape.constant(resized), result.landmarks());
    }

    @Override
    public void close() {
        if (network != null) {
            network.close();
        }
    }
}
