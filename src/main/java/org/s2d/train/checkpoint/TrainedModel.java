package org.s2d.train.checkpoint;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Precision;
import org.s2d.data.ClipSpec;
import org.s2d.data.face.LandmarkFinder;
import org.s2d.device.Device;
import org.s2d.device.cpu.OneDnn;
import org.s2d.model.Classifier;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.config.Devices;
import org.s2d.train.config.RunData;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.step.ForwardPass;
import org.s2d.train.step.HostReader;
import org.s2d.train.step.Inference;
import org.s2d.train.step.Landmarks;
import org.s2d.train.step.PlannedClips;
import org.s2d.weights.Checkpoint;

/** A checkpoint of a finished run on a device: weights, landmark network, labels, and how its clips look. For one thread at a time. */
public final class TrainedModel implements AutoCloseable {
    private final TrainConfig config;
    private final List<String> labels;
    private final Device device;
    private final Scope weights;
    private final Classifier model;
    private final Landmarks landmarks;
    private final ForwardPass forward;
    private final HostReader reader;

    /**
     * What the model says.
     *
     * @param logits one row of scores before the softmax per clip
     * @param points per frame, clip by clip, x0, y0, x1, ... as fractions of the frame; null without a landmark network or when not asked for
     */
    @SuppressWarnings("ArrayRecordComponent") // handed over, not kept
    public record Output(double[][] logits, double @Nullable [][] points) {}

    private TrainedModel(TrainConfig config, List<String> labels, Device device, Checkpoint checkpoint) {
        this.config = config;
        this.labels = labels;
        this.device = device;
        weights = new Scope(device.allocator(), "weights");
        try {
            model = Models.classifier(config, labels.size(), ParameterFactory.undefined(device, weights));
            Models.loadAll(model.parameters(), checkpoint, device);
            model.parameters().values().forEach(Parameter::keepPacked);
            int side = config.model().imageSize() / config.model().patchSize();
            landmarks = Landmarks.open(config.landmark(), side, device);
            forward = new ForwardPass(
                    device, precision(), model, landmarks, config.train().graph());
            reader = new HostReader(device);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    /**
     * Opens a checkpoint that this program wrote. Throws {@link UserException} for others, and where the landmark network's file, which is
     * not part of the checkpoint, is missing.
     *
     * @param settings {@code key=value} on top of the run's configuration, such as {@code landmark.weights} or {@code train.threads}
     */
    public static TrainedModel open(Path file, List<String> settings) {
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            CompletableFuture<Void> ahead = CompletableFuture.runAsync(() -> readAhead(checkpoint));
            try {
                RunInfo info = RunInfo.of(checkpoint);
                return open(checkpoint, info.config(settings), info.labels());
            } finally {
                ahead.join();
            }
        }
    }

    /** What takes long and needs no configuration, while that is read. */
    private static void readAhead(Checkpoint checkpoint) {
        try {
            OneDnn.load();
            checkpoint.readAhead();
        } catch (RuntimeException e) {
            // Whoever needs it meets the same and says so.
        }
    }

    /** Opens a checkpoint by a configuration; its device opens with it. */
    public static TrainedModel open(Checkpoint checkpoint, TrainConfig config, List<String> labels) {
        Device device = Devices.open(config.train().device(), config.train().threads());
        try {
            return new TrainedModel(config, labels, device, checkpoint);
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
    }

    /** Names of the classes in the order of the scores. */
    public List<String> labels() {
        return labels;
    }

    /** How a clip must look. */
    public ClipSpec clipSpec() {
        return new RunData(config).spec();
    }

    /** Finds faces' landmarks with the model's landmark network; null where that has none, or one that was never trained. */
    public @Nullable LandmarkFinder landmarkFinder() {
        LandmarkNetwork network = landmarks.network();
        return network == null || config.landmark().weights().isEmpty()
                ? null
                : new FaceLandmarks(device, network, reader);
    }

    /** How a photograph must look to a model that has a head of its own for them; null where they are clips like any other. */
    public @Nullable ClipSpec photoSpec() {
        return config.isS4d() && !config.photos().labels().isEmpty()
                ? RunData.photos(config).spec()
                : null;
    }

    /** Names of the classes of photographs, where they have a head of their own. */
    public List<String> photoLabels() {
        return config.photos().labels();
    }

    /** Runs the model over data sets; valid, as all that follows, until this is closed. */
    public Inference inference() {
        return new Inference(device, forward);
    }

    /** Where the model is. */
    public Device device() {
        return device;
    }

    /** The run's configuration, with what was changed when this was opened. */
    public TrainConfig config() {
        return config;
    }

    /** The network with its weights. */
    public Classifier model() {
        return model;
    }

    /** What the model is told of faces. */
    public Landmarks landmarks() {
        return landmarks;
    }

    /** Reads the device's results. */
    public HostReader reader() {
        return reader;
    }

    /** What the model computes in. */
    public Precision precision() {
        return Precision.valueOf(config.train().precision().toUpperCase(Locale.ROOT));
    }

    /**
     * Scores of clips.
     *
     * @param clips at the size that {@link #clipSpec} says, nothing in them erased
     */
    public Output run(PlannedClips clips, boolean withPoints) {
        ForwardPass.Output output = forward.run(clips, withPoints);
        Tensor points = output.points();
        return new Output(rows(output.logits()), points == null ? null : rows(points));
    }

    private double[][] rows(Tensor matrix) {
        double[] values = reader.values(matrix);
        double[][] rows = new double[matrix.dim(0)][matrix.dim(1)];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(values, i * rows[i].length, rows[i], 0, rows[i].length);
        }
        return rows;
    }

    @Override
    public void close() {
        reader.close();
        forward.close();
        landmarks.close();
        weights.close();
        device.close();
    }
}
