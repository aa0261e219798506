package org.s2d.data.face;

import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.opencv.global.opencv_core;
import org.bytedeco.opencv.global.opencv_dnn;
import org.bytedeco.opencv.opencv_core.Mat;
import org.bytedeco.opencv.opencv_core.MatVector;
import org.bytedeco.opencv.opencv_core.Scalar;
import org.bytedeco.opencv.opencv_core.Size;
import org.bytedeco.opencv.opencv_core.StringVector;
import org.bytedeco.opencv.opencv_dnn.Net;
import org.s2d.data.image.Image;
import org.s2d.data.image.Resample;
import org.s2d.tensor.UserException;

/**
 * A detector network in an ONNX file, run by OpenCV: one of the kind of Linzaer's "Ultra-Light-Fast-Generic-Face-Detector" (version-RFB-320,
 * version-slim-320). Input {@code [1, 3, 240, 320]}, RGB, (value - 127) / 128; outputs {@code scores} [1, N, 2] and {@code boxes}
 * [1, N, 4], corners as fractions. Finds turned and partly covered faces that {@link CascadeDetector} does not.
 */
public final class NetworkDetector implements FaceDetector {
    private static final int WIDTH = 320;
    private static final int HEIGHT = 240;
    private static final double LEAST_SCORE = 0.7;

    private final Net network;
    private final StringVector outputs = new StringVector("scores", "boxes");

    /** Throws {@link UserException} when the file is missing or is no such network. */
    public NetworkDetector(Path file) {
        if (!Files.isRegularFile(file)) {
            throw new UserException(file + ": no such file. Name the ONNX file of a face detector.");
        }
        try {
            opencv_core.setNumThreads(1);
            network = opencv_dnn.readNetFromONNX(file.toString());
            detect(Image.blank(WIDTH, HEIGHT));
        } catch (UnsatisfiedLinkError e) {
            throw new UserException("face detection: OpenCV cannot be loaded (" + e.getMessage() + ").", e);
        } catch (RuntimeException e) { // OpenCV's own, of several lines
            throw new UserException(
                    file + ": no detector that is known here, expected version-RFB-320.onnx or one of its kind.", e);
        }
    }

    @Override
    public List<FaceBox> detect(Image picture) {
        double scale = Math.min((double) WIDTH / picture.width(), (double) HEIGHT / picture.height());
        try (BytePointer pixels = new BytePointer(letterbox(picture, scale));
                Mat image = new Mat(HEIGHT, WIDTH, opencv_core.CV_8UC3, pixels);
                Size size = new Size(WIDTH, HEIGHT);
                Scalar mean = new Scalar(127, 127, 127, 0);
                Mat blob = opencv_dnn.blobFromImage(image, 1 / 128.0, size, mean, false, false, opencv_core.CV_32F);
                MatVector results = new MatVector()) {
            network.setInput(blob);
            network.forward(results, outputs);
            return FaceBox.distinct(
                    candidates(results.get(0).createBuffer(), results.get(1).createBuffer(), scale));
        }
    }

    /** The picture in the upper left corner, as large as it fits. */
    private static byte[] letterbox(Image picture, double scale) {
        int width = Math.clamp(Math.round(picture.width() * scale), 1, WIDTH);
        int height = Math.clamp(Math.round(picture.height() * scale), 1, HEIGHT);
        Image small = Resample.resize(picture, width, height, Resample.Filter.BILINEAR);
        byte[] rgb = new byte[3 * WIDTH * HEIGHT];
        for (int y = 0; y < height; y++) {
            System.arraycopy(small.rgb(), 3 * y * width, rgb, 3 * y * WIDTH, 3 * width);
        }
        return rgb;
    }

    private static List<FaceBox> candidates(FloatBuffer scores, FloatBuffer boxes, double scale) {
        List<FaceBox> candidates = new ArrayList<>();
        for (int i = 0; 2 * i < scores.limit(); i++) {
            double score = scores.get(2 * i + 1);
            if (score >= LEAST_SCORE) {
                double left = boxes.get(4 * i) * WIDTH / scale;
                double top = boxes.get(4 * i + 1) * HEIGHT / scale;
                double right = boxes.get(4 * i + 2) * WIDTH / scale;
                double bottom = boxes.get(4 * i + 3) * HEIGHT / scale;
                candidates.add(new FaceBox(left, top, right - left, bottom - top, score));
            }
        }
        return candidates;
    }

    @Override
    public void close() {
        outputs.close();
        network.close();
    }
}
