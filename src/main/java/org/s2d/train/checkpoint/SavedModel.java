package org.s2d.train.checkpoint;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Device;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.step.Landmarks;
import org.s2d.weights.Checkpoint;
import org.s2d.weights.StateDictMatch;
import org.s2d.weights.StateDictMatcher;
import org.s2d.weights.StoredTensor;

/** A model as a checkpoint holds it: weights by the release's names, sizes, class names; nothing is computed. Valid until closed. */
public final class SavedModel implements AutoCloseable {
    private final Checkpoint checkpoint;
    private final ModelCard card;
    private final Map<String, StoredTensor> weights;

    private SavedModel(Checkpoint checkpoint, ModelCard card) {
        this.checkpoint = checkpoint;
        this.card = card;
        weights = weights(checkpoint, card);
    }

    /**
     * Opens a checkpoint. Throws {@link UserException} when it is damaged, has no configuration and none is given, or does not hold
     * every tensor of its model.
     *
     * @param configFile for weights that carry no configuration, such as the authors'; replaces the carried one where given
     * @param settings {@code key=value} on top
     */
    public static SavedModel open(Path file, @Nullable Path configFile, List<String> settings) {
        Checkpoint checkpoint = Checkpoint.open(file);
        try {
            RunInfo.Described described = RunInfo.describe(checkpoint, configFile, settings);
            List<String> labels = described.labels();
            requireAsManyAsTheHeadHas(checkpoint, labels);
            ModelCard card = new ModelCard(labels, described.config(), RunInfo.facts(checkpoint));
            return new SavedModel(checkpoint, card);
        } catch (RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    private static void requireAsManyAsTheHeadHas(Checkpoint checkpoint, List<String> labels) {
        OptionalInt classes = StateDictMatcher.classCount(checkpoint.shapes());
        if (classes.isPresent() && classes.getAsInt() != labels.size()) {
            throw new UserException(checkpoint.path() + ": has scores for " + classes.getAsInt() + " classes, but "
                    + labels.size() + " names are given. Name them all: --set 'data.labels=[...]'.");
        }
    }

    private static Map<String, StoredTensor> weights(Checkpoint checkpoint, ModelCard card) {
        Map<String, Shape> expected = Models.shapes(card.config(), card.labels().size());
        StateDictMatch match = Models.match(card.config(), checkpoint, expected);
        if (match.sources().size() != expected.size() || !match.isComplete()) {
            List<String> report = match.report();
            throw new UserException(checkpoint.path() + ": checkpoint of another model than its configuration says: "
                    + String.join("; ", report.subList(Math.min(1, report.size() - 1), report.size())) + ".");
        }
        Map<String, StoredTensor> weights = new LinkedHashMap<>();
        match.sources().forEach((name, stored) -> weights.put(name, checkpoint.tensor(stored)));
        return Collections.unmodifiableMap(weights);
    }

    public ModelCard card() {
        return card;
    }

    /** Sizes of an S2D model. */
    public S2dConfig s2d() {
        return Models.config(card.config(), card.labels().size());
    }

    /** Sizes of an S4D model; null for S2D. */
    public @Nullable S4dConfig s4d() {
        return card.config().isS4d() ? Models.s4d(card.config(), card.labels().size()) : null;
    }

    /** All weights by name, in the order of the model. */
    public Map<String, StoredTensor> weights() {
        return weights;
    }

    /** A weight in 32-bit floats. */
    public Tensor weight(String name, Scope scope) {
        StoredTensor stored = weights.get(name);
        if (stored == null) {
            throw new IllegalArgumentException("the model has no weight " + name);
        }
        return checkpoint.loadAs(stored, DType.F32, scope);
    }

    /**
     * The frozen landmark network, which no checkpoint of a run contains; null where the model works without. Throws
     * {@link UserException} when its file is missing or damaged.
     */
    public @Nullable LandmarkNetwork landmarkNetwork(Device device) {
        return Landmarks.network(card.config().landmark(), device);
    }

    @Override
    public void close() {
        checkpoint.close();
    }
}
