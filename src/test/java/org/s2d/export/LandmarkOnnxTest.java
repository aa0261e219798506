package org.s2d.export;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OrtException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.SharedData;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.export.OnnxGraph.Value;
import org.s2d.model.landmark.FormulaWeights;
import org.s2d.model.landmark.LandmarkModel;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.model.landmark.LandmarkWeights;
import org.s2d.model.landmark.NamedWeights;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.verify.CaseFolder;

/** The landmark networks in ONNX Runtime: at most four times PyTorch's own error against float64; and beside ours on random images. */
class LandmarkOnnxTest {
    private static final double FLOAT = 2.5e-7;
    private static final int INPUTS = 20;

    @TempDir
    Path folder;

    private final ReferenceDevice device = new ReferenceDevice(new HostPool());
    private final Scope scope = new Scope(device.allocator());

    @AfterEach
    void close() {
        scope.close();
        device.close();
    }

    @Test
    void mobileNetGdConv() throws OrtException {
        try (CaseFolder reference = CaseFolder.open(Path.of("weights/reference/mobilenet_gdconv_landmark"))) {
            check(LandmarkModel.MOBILENET_GDCONV, new FormulaWeights(), reference);
        }
    }

    @Test
    void mobileFaceNet() throws OrtException {
        Path path = SharedData.require("reference/mobilefacenet_landmark");
        try (CaseFolder reference = CaseFolder.open(path)) {
            check(LandmarkModel.MOBILEFACENET, state(reference), reference);
        }
    }

    @Test
    void pfld() throws OrtException {
        try (CaseFolder reference = CaseFolder.open(SharedData.require("reference/pfld_landmark"))) {
            check(LandmarkModel.PFLD, state(reference), reference);
        }
    }

    private static LandmarkWeights state(CaseFolder reference) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        reference.names("state").forEach(name -> tensors.put(name, reference.tensor("state", name)));
        return new NamedWeights(tensors);
    }

    private void check(LandmarkModel model, LandmarkWeights weights, CaseFolder reference) throws OrtException {
        Map<String, Double> torch = new LinkedHashMap<>();
        try (OnnxSession session = new OnnxSession(write(model, weights))) {
            Map<String, double[]> outputs = session.run(Map.of("images", reference.tensor("io", "x")));
            for (String name : List.of("feat", "landmarks")) {
                double[] floats = reference.tensor("io", name).toDoubles();
                double[] doubles = reference.float64("io", "f64." + name);
                // PFLD's features are known in floats only: both sides err, as much as its landmarks do.
                double[] exact = doubles == null ? floats : doubles;
                torch.put(name, Math.max(FLOAT, RandomState.error(floats, exact)));
                double limit = (doubles == null ? 5 : 4) * value(torch, name);
                assertThat(RandomState.error(value(outputs, name), exact))
                        .as(name)
                        .isLessThanOrEqualTo(limit);
            }
            compareOnRandomImages(model, weights, session, torch);
        }
    }

    /** Four times PyTorch's error for ONNX Runtime, once for ours. */
    private void compareOnRandomImages(
            LandmarkModel model, LandmarkWeights weights, OnnxSession session, Map<String, Double> torch)
            throws OrtException {
        Shape shape = Shape.of(INPUTS, 3, model.inputSize(), model.inputSize());
        Tensor images = RandomState.normal(scope, shape, 0, 1, new Random(6));
        Map<String, double[]> outputs = session.run(Map.of("images", images));
        try (CpuDevice cpu = new CpuDevice(new HostPool(), 2);
                Scope own = new Scope(cpu.allocator());
                LandmarkNetwork network = model.build(cpu, weights)) {
            LandmarkNetwork.Result ours = network.forward(images, own, LandmarkNetwork.Outputs.FEATURES_AND_LANDMARKS);
            double[] features = ours.features().toDoubles();
            double[] points = Objects.requireNonNull(ours.landmarks()).toDoubles();
            assertThat(RandomState.error(value(outputs, "feat"), features)).isLessThan(5 * value(torch, "feat"));
            assertThat(RandomState.error(value(outputs, "landmarks"), points))
                    .isLessThan(5 * value(torch, "landmarks"));
        }
    }

    private static <V> V value(Map<String, V> values, String name) {
        return Objects.requireNonNull(values.get(name), name);
    }

    private Path write(LandmarkModel model, LandmarkWeights weights) {
        OnnxGraph graph = new OnnxGraph(OnnxGraph.FIRST_OPSET, scope);
        int side = model.inputSize();
        try (LandmarkNetwork network = model.build(device, weights)) {
            LandmarkOnnx.Result result = new LandmarkOnnx(graph, device, scope).build(network, "images", side);
            graph.output("feat", result.maps());
            graph.output("landmarks", result.points());
        }
        Path file = folder.resolve("landmark.onnx");
        int size = LandmarkNetwork.FEATURE_SIZE;
        List<Value> outputs =
                List.of(new Value("feat", -1, model.featureChannels(), size, size), new Value("landmarks", -1, 136));
        new OnnxFile(graph, List.of(new Value("images", -1, 3, side, side)), outputs, Map.of())
                .write(file, "test", OnnxFile.LARGEST_INSIDE);
        return file;
    }
}
