package org.s2d.model.landmark;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Convolutions.Interpolation;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;

/**
 * A frozen landmark network on a device, in inference mode. Frames go through it a few at a time, one for each thread of
 * the CPU, so that a frame's activations are still in its core's cache when the next layer reads them; a frame's result does not
 * depend on its neighbours. Not thread-safe.
 */
public final class LandmarkNetwork implements AutoCloseable {
    /** Rows and columns of the feature maps. */
    public static final int FEATURE_SIZE = 14;

    /** Name under which an {@link Observer} sees the images as the network takes them. */
    public static final String INPUT = "input";

    /** A named layer of the network. */
    public record Stage(String name, Layer layer) {}

    /** What to compute: the features need only the first part of the network. */
    public enum Outputs {
        FEATURES,
        FEATURES_AND_LANDMARKS
    }

    /** {@code features} [F, C, 14, 14]; {@code landmarks} [F, 136] (x0, y0, x1, ... as fractions of the image) when asked for. */
    public record Result(Tensor features, @Nullable Tensor landmarks) {}

    /**
     * Sees the output of each stage, by module name, for the frames from {@code firstFrame} on; valid during the call. Channels that are
     * zero for any input may be left out of it.
     */
    @FunctionalInterface
    public interface Observer {
        void see(String module, int firstFrame, Tensor output);
    }

    /** Gives frames {@code first} to {@code first + count - 1} as images of the network's size. */
    @FunctionalInterface
    private interface Frames {
        Tensor take(Scope scope, int first, int count);
    }

    private final LandmarkModel model;
    private final Device device;
    private final Scope weights;
    private final List<Stage> trunk;
    private final List<Stage> head;
    private final int length;

    LandmarkNetwork(
            LandmarkModel model, Device device, Scope weights, List<Stage> trunk, List<Stage> head, int length) {
        this.model = model;
        this.device = device;
        this.weights = weights;
        this.trunk = trunk;
        this.head = head;
        this.length = length;
    }

    public LandmarkModel model() {
        return model;
    }

    /** From images to features, stage by stage. */
    public List<Stage> trunk() {
        return trunk;
    }

    /** From features to landmarks. */
    public List<Stage> head() {
        return head;
    }

    /** Images [F, 3, size, size] of exactly the network's input size. */
    public Result forward(Tensor images, Scope scope, Outputs outputs) {
        return forward(images, scope, outputs, (module, firstFrame, output) -> {});
    }

    /** As above, with every stage's output shown to an observer. */
    public Result forward(Tensor images, Scope scope, Outputs outputs, Observer observer) {
        int size = model.inputSize();
        if (images.rank() != 4 || !images.shape().equals(Shape.of(images.dim(0), 3, size, size))) {
            throw new ShapeException(
                    model.label() + ": images " + images.shape() + ", expected [F, 3, " + size + ", " + size + "]");
        }
        Frames frames = (inner, first, count) -> {
            Tensor part = images.narrow(0, first, count);
            return part.isContiguous() && part.dtype() == device.floatType() ? part : copy(inner, part);
        };
        return run(frames, images.dim(0), scope, outputs, observer);
    }

    /**
     * Frames of clips [B, 3, T, H, W], frame t of clip b as row b * T + t of the results, resized to the network's size
     * (bilinear, aligned corners) where they have another one.
     */
    public Result forwardClips(Tensor clips, Scope scope, Outputs outputs) {
        return forwardClips(clips, scope, outputs, (module, firstFrame, output) -> {});
    }

    /** As above, with every stage's output shown to an observer. */
    public Result forwardClips(Tensor clips, Scope scope, Outputs outputs, Observer observer) {
        if (clips.rank() != 5 || clips.dim(1) != 3) {
            throw new ShapeException(model.label() + ": clips " + clips.shape() + ", expected [B, 3, T, H, W]");
        }
        Tensor byFrame = clips.permute(0, 2, 1, 3, 4);
        int frames = Math.multiplyExact(clips.dim(0), clips.dim(2));
        return run((inner, first, count) -> resized(inner, byFrame, first, count), frames, scope, outputs, observer);
    }

    private Tensor resized(Scope scope, Tensor byFrame, int first, int count) {
        int length = byFrame.dim(1);
        int height = byFrame.dim(3);
        int width = byFrame.dim(4);
        int size = model.inputSize();
        Tensor images = scope.allocate(device.floatType(), Shape.of(count, 3, height, width));
        for (int i = 0; i < count; i++) {
            Tensor frame = byFrame.select(0, (first + i) / length).select(0, (first + i) % length);
            device.elementwise().copy(images.select(0, i), frame);
        }
        if (height == size && width == size) {
            return images;
        }
        Tensor resized = scope.allocate(device.floatType(), Shape.of(count, 3, size, size));
        device.convolutions().resize(resized, images, Interpolation.BILINEAR, true);
        return resized;
    }

    private Result run(Frames frames, int count, Scope scope, Outputs outputs, Observer observer) {
        Shape features = Shape.of(count, model.featureChannels(), FEATURE_SIZE, FEATURE_SIZE);
        Tensor featureRows = scope.allocate(device.floatType(), features);
        Tensor landmarkRows =
                outputs == Outputs.FEATURES ? null : scope.allocate(device.floatType(), Shape.of(count, length));
        int together = device instanceof CpuDevice cpu ? cpu.threads() : count;
        for (int first = 0; first < count; first += together) {
            int part = Math.min(together, count - first);
            try (Scope inner = new Scope(device.allocator(), "activations of the landmark network")) {
                Tensor images = frames.take(inner, first, part);
                observer.see(INPUT, first, images);
                Tensor seen = run(trunk, inner, images, first, observer);
                device.elementwise().copy(featureRows.narrow(0, first, part), seen);
                if (landmarkRows != null) {
                    Tensor points = run(head, inner, seen, first, observer);
                    device.elementwise().copy(landmarkRows.narrow(0, first, part), points);
                }
            }
        }
        return new Result(featureRows, landmarkRows);
    }

    private static Tensor run(List<Stage> stages, Scope scope, Tensor in, int firstFrame, Observer observer) {
        List<Layer> layers = stages.stream().map(Stage::layer).toList();
        return new Layer.Sequence(layers)
                .apply(scope, in, (i, result) -> observer.see(stages.get(i).name(), firstFrame, result));
    }

    private Tensor copy(Scope scope, Tensor tensor) {
        Tensor copy = scope.allocate(device.floatType(), tensor.shape());
        device.elementwise().copy(copy, tensor);
        return copy;
    }

    /** Gives the weights back. */
    @Override
    public void close() {
        weights.close();
    }
}
