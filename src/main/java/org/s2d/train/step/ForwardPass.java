package org.s2d.train.step;

import java.util.LinkedHashMap;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.device.Device;
import org.s2d.device.Repeated;
import org.s2d.model.Classifier;
import org.s2d.nn.Parameter;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * A model with its landmark network, in evaluation. The work for each number of clips has its place in memory and is recorded where the
 * device can; those that were not used for the longest time are given up first.
 */
public final class ForwardPass implements AutoCloseable {
    /** Sizes of batches that stay: full ones, the last one of a data set, and what programs ask for. */
    private static final int MOST_SIZES = 4;

    private final Device device;
    private final Precision precision;
    private final Classifier model;
    private final Landmarks landmarks;
    private final boolean recorded;
    /** The least recently used first. */
    private final LinkedHashMap<Key, Place> places = new LinkedHashMap<>(4, 0.75f, true);

    /**
     * A pass that owns neither model nor landmark network.
     *
     * @param recorded whether a device that can do so records the work and repeats it
     */
    public ForwardPass(Device device, Precision precision, Classifier model, Landmarks landmarks, boolean recorded) {
        this.device = device;
        this.precision = precision;
        this.model = model;
        this.landmarks = landmarks;
        this.recorded = recorded;
    }

    /**
     * What came out, on the device: logits [B, classes], feature [B, D] and, where asked for and known, points [B * T, 136]. Valid until the
     * next pass.
     */
    public record Output(
            Tensor logits, Tensor feature, @Nullable Tensor points) {}

    private record Key(ClipPlace.Form clips, boolean withPoints) {}

    /** Where clips of one shape go in and their scores come out. */
    private final class Place implements AutoCloseable {
        private final boolean withPoints;
        private final Scope scope = new Scope(device.allocator(), "clips");
        private final Scope host = new Scope(device.hostAllocator());
        private final ClipPlace clips;
        private final Tensor logits;
        private final Tensor feature;
        private @Nullable Tensor points;
        private final Repeated work;

        Place(Key key) {
            withPoints = key.withPoints();
            Shape shape = key.clips().clips();
            int count = shape.dim(0);
            clips = new ClipPlace(device, scope, host, key.clips(), 0);
            logits = scope.allocate(device.floatType(), Shape.of(count, model.classes(shape)));
            feature = scope.allocate(device.floatType(), Shape.of(count, model.width()));
            work = recorded ? device.repeated(this::compute) : Repeated.plain(this::compute);
        }

        private void compute() {
            try (Tape tape = Tape.evaluating(device, precision, Gradients.NONE)) {
                Var x = clips.make(tape, false);
                Landmarks.Maps maps = landmarks.maps(tape, x, withPoints);
                Tensor found = maps.points();
                if (found != null) {
                    if (points == null) {
                        points = scope.allocate(found.dtype(), found.shape());
                    }
                    device.elementwise().copy(points, found);
                }
                Classifier.Output output = model.classify(tape, x, seen -> maps.features());
                device.elementwise().copy(logits, output.logits().value());
                device.elementwise().copy(feature, output.feature().value());
            }
        }

        Output run(PlannedClips given) {
            clips.fill(given);
            work.run();
            return new Output(logits, feature, points);
        }

        @Override
        public void close() {
            work.close();
            host.close();
            scope.close();
        }
    }

    /** Scores of clips in which nothing is erased; points too where {@code withPoints}. */
    public Output run(PlannedClips clips, boolean withPoints) {
        // A recording does not convert weights to their compute type: it would do so every time.
        for (Parameter parameter : model.parameters().values()) {
            parameter.refresh(device);
        }
        Key key = new Key(ClipPlace.Form.of(clips), withPoints);
        Place place = places.get(key);
        if (place == null) {
            if (places.size() == MOST_SIZES) {
                Objects.requireNonNull(places.pollFirstEntry()).getValue().close();
            }
            place = new Place(key);
            places.put(key, place);
        }
        return place.run(clips);
    }

    @Override
    public void close() {
        places.values().forEach(Place::close);
        places.clear();
    }
}
