package org.s2d.train.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.s2d.data.face.FaceBox;
import org.s2d.data.face.LandmarkFinder;
import org.s2d.data.image.Image;
import org.s2d.device.Device;
import org.s2d.model.landmark.LandmarkModel;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.model.landmark.LandmarkNetwork.Outputs;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.config.Devices;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.step.HostReader;
import org.s2d.train.step.Landmarks;
import org.s2d.weights.Checkpoint;

/**
 * The 68 landmarks of faces by a landmark network, fed as its authors do, which is not how S2D feeds it: a square around the detector's box,
 * values 0 to 1, and for MobileFaceNet in the order blue, green, red.
 */
public final class FaceLandmarks implements LandmarkFinder, AutoCloseable {
    private final Device device;
    private final LandmarkNetwork network;
    private final HostReader reader;

    /** What is given belongs to this; a caller that needs it longer does not close this. */
    FaceLandmarks(Device device, LandmarkNetwork network, HostReader reader) {
        this.device = device;
        this.network = network;
        this.reader = reader;
    }

    /** Loads a checkpoint of a landmark network; throws {@link UserException} when it is missing, damaged or none. */
    public static FaceLandmarks open(Path weights, int threads) {
        String label;
        try (Checkpoint checkpoint = Checkpoint.open(weights)) {
            label = LandmarkModel.recognise(checkpoint.tensors().keySet())
                    .orElseThrow(() -> new UserException(weights + ": no landmark network that is known here."))
                    .label();
        }
        Device device = Devices.open("cpu", threads);
        try {
            LandmarkNetwork network = Landmarks.network(new TrainConfig.Landmark(label, weights.toString(), 0), device);
            return new FaceLandmarks(device, Objects.requireNonNull(network), new HostReader(device));
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
    }

    @Override
    public List<double[]> find(List<View> views) {
        List<double[]> found = new ArrayList<>();
        if (views.isEmpty()) {
            return found;
        }
        int size = network.model().inputSize();
        float[] pixels = new float[views.size() * 3 * size * size];
        for (int i = 0; i < views.size(); i++) {
            View view = views.get(i);
            planes(view.face().square(0).cut(view.picture(), size), pixels, i * 3 * size * size);
        }
        double[] points;
        try (Scope scope = new Scope(device.allocator(), "faces")) {
            Tensor images = scope.allocate(device.floatType(), Shape.of(views.size(), 3, size, size));
            device.upload(images, pixels);
            LandmarkNetwork.Result result = network.forward(images, scope, Outputs.FEATURES_AND_LANDMARKS);
            points = reader.values(Objects.requireNonNull(result.landmarks()));
        }
        int length = points.length / views.size();
        for (int i = 0; i < views.size(); i++) {
            double[] own = Arrays.copyOfRange(points, i * length, (i + 1) * length);
            found.add(inPicture(own, views.get(i).face().square(0)));
        }
        return found;
    }

    /** From fractions of the square to pixels of its picture. */
    private static double[] inPicture(double[] points, FaceBox square) {
        for (int i = 0; i < points.length; i += 2) {
            points[i] = square.x() + points[i] * square.width();
            points[i + 1] = square.y() + points[i + 1] * square.height();
        }
        return points;
    }

    private void planes(Image face, float[] out, int at) {
        int pixels = face.width() * face.height();
        for (int i = 0; i < 3 * pixels; i++) {
            int plane = i / pixels;
            int channel = network.model() == LandmarkModel.MOBILEFACENET ? 2 - plane : plane;
            out[at + i] = (face.rgb()[3 * (i % pixels) + channel] & 0xff) / 255f;
        }
    }

    @Override
    public void close() {
        reader.close();
        network.close();
        device.close();
    }
}
