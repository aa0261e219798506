package org.s2d.train;

import java.nio.file.Path;
import java.util.Objects;
import org.s2d.data.face.FaceBox;
import org.s2d.data.face.LandmarkFinder;
import org.s2d.data.image.Image;
import org.s2d.device.Device;
import org.s2d.model.landmark.LandmarkModel;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.model.landmark.LandmarkNetwork.Outputs;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.weights.Checkpoint;

/**
 * The 68 landmarks of faces by a landmark network, fed as its authors do, which is not how S2D feeds it: a square around the detector's box,
 * values 0 to 1, and for MobileFaceNet in the order blue, green, red.
 */
public final class FaceLandmarks implements LandmarkFinder {
    private final Device device;
    private final LandmarkNetwork network;

    private FaceLandmarks(Device device, LandmarkNetwork network) {
        this.device = device;
        this.network = network;
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
            return new FaceLandmarks(device, Objects.requireNonNull(network));
        } catch (RuntimeException e) {
            device.close();
            throw e;
        }
    }

    @Override
    public double[] find(Image picture, FaceBox face) {
        FaceBox square = face.square(0);
        int size = network.model().inputSize();
        try (Scope scope = new Scope(device.allocator(), "face")) {
            Tensor image = scope.allocate(DType.F32, Shape.of(1, 3, size, size));
            image.set(planes(square.cut(picture, size)));
            LandmarkNetwork.Result result = network.forward(image, scope, Outputs.FEATURES_AND_LANDMARKS);
            double[] points = Objects.requireNonNull(result.landmarks()).toDoubles();
            for (int i = 0; i < points.length; i += 2) {
                points[i] = square.x() + points[i] * square.width();
                points[i + 1] = square.y() + points[i + 1] * square.height();
            }
            return points;
        }
    }

    private float[] planes(Image face) {
        int pixels = face.width() * face.height();
        float[] planes = new float[3 * pixels];
        for (int i = 0; i < planes.length; i++) {
            int plane = i / pixels;
            int channel = network.model() == LandmarkModel.MOBILEFACENET ? 2 - plane : plane;
            planes[i] = (face.rgb()[3 * (i % pixels) + channel] & 0xff) / 255f;
        }
        return planes;
    }

    @Override
    public void close() {
        network.close();
        device.close();
    }
}
