package org.s2d.model.landmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.s2d.SharedData;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.model.landmark.LandmarkNetwork.Outputs;
import org.s2d.model.landmark.LandmarkNetwork.Result;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.weights.Checkpoint;

/** The landmark networks against PyTorch, with random and with real weights. */
class LandmarkReferenceTest {
    private final CpuDevice device = new CpuDevice(new HostPool(HostPool.Fill.POISON), 2);
    private final Scope scope = new Scope(device.allocator());

    @AfterEach
    void close() {
        scope.close();
        device.close();
    }

    private Map<String, Tensor> tensors(String file) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (Checkpoint checkpoint = Checkpoint.open(SharedData.require(file))) {
            checkpoint.tensors().keySet().forEach(name -> tensors.put(name, checkpoint.load(name, scope)));
        }
        return tensors;
    }

    private LandmarkNetwork network(LandmarkModel model, String file) {
        NamedWeights weights = new NamedWeights(tensors(file));
        LandmarkNetwork network = model.build(device, weights);
        assertThat(weights.unexpected()).isEmpty();
        assertThat(weights.missing()).isEmpty();
        return network;
    }

    /** Four times PyTorch's own float32 error against float64, which is {@code f64.<name>} where the file has it. */
    private static void check(Map<String, Tensor> file, String name, Tensor actual) {
        double[] torch = value(file, name).toDoubles();
        if (!file.containsKey("f64." + name)) {
            assertThat(error(actual.toDoubles(), torch)).as(name).isLessThanOrEqualTo(2e-5);
            return;
        }
        double[] exact = value(file, "f64." + name).toDoubles();
        if (file.containsKey("f64." + name + ".lo")) {
            double[] low = value(file, "f64." + name + ".lo").toDoubles();
            for (int i = 0; i < exact.length; i++) {
                exact[i] += low[i];
            }
        }
        double limit = 4 * Math.max(error(torch, exact), 2.5e-7);
        assertThat(error(actual.toDoubles(), exact)).as(name).isLessThanOrEqualTo(limit);
    }

    private static Tensor value(Map<String, Tensor> file, String name) {
        return Objects.requireNonNull(file.get(name), name);
    }

    private static double error(double[] actual, double[] exact) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < exact.length; i++) {
            difference += (actual[i] - exact[i]) * (actual[i] - exact[i]);
            norm += exact[i] * exact[i];
        }
        return Math.sqrt(difference / norm);
    }

    private void checkResult(LandmarkNetwork network, Map<String, Tensor> file, String input) {
        Result result = network.forward(value(file, input), scope, Outputs.FEATURES_AND_LANDMARKS);
        check(file, "feat", result.features());
        check(file, "landmarks", Objects.requireNonNull(result.landmarks()));
    }

    @Test
    void mobileFaceNetEqualsPyTorch() {
        Map<String, Tensor> io = tensors("reference/mobilefacenet_landmark/io.safetensors");
        String weights = "reference/mobilefacenet_landmark/state.safetensors";
        try (LandmarkNetwork network = network(LandmarkModel.MOBILEFACENET, weights)) {
            checkResult(network, io, "x");
        }
    }

    @Test
    void everyStageOfMobileFaceNetEqualsPyTorchs() {
        Map<String, Tensor> io = tensors("reference/mobilefacenet_landmark/io.safetensors");
        Map<String, Tensor> acts = tensors("reference/mobilefacenet_landmark/acts.safetensors");
        Map<String, Double> seen = new LinkedHashMap<>();
        String weights = "reference/mobilefacenet_landmark/state.safetensors";
        try (LandmarkNetwork network = network(LandmarkModel.MOBILEFACENET, weights)) {
            Tensor first = value(io, "x").narrow(0, 0, 1);
            network.forward(first, scope, Outputs.FEATURES_AND_LANDMARKS, (name, frame, output) -> {
                if (name.equals(LandmarkNetwork.INPUT)) {
                    return;
                }
                assertThat(output.shape()).as(name).isEqualTo(value(acts, name).shape());
                seen.put(name, error(output.toDoubles(), value(acts, name).toDoubles()));
            });
        }
        assertThat(seen.keySet()).containsExactlyInAnyOrderElementsOf(acts.keySet());
        // Both sides round: PyTorch's activations are float32, too.
        assertThat(seen).allSatisfy((name, error) -> assertThat(error).as(name).isLessThan(4e-6));
    }

    @Test
    void pfldEqualsPyTorch() {
        Map<String, Tensor> io = tensors("reference/pfld_landmark/io.safetensors");
        try (LandmarkNetwork network = network(LandmarkModel.PFLD, "reference/pfld_landmark/state.safetensors")) {
            checkResult(network, io, "x");
        }
    }

    @Test
    void mobileNetGdConvEqualsPyTorch() {
        Map<String, Tensor> io = tensors("reference/mobilenet_gdconv_landmark/io.safetensors");
        try (LandmarkNetwork network = LandmarkModel.MOBILENET_GDCONV.build(device, new FormulaWeights())) {
            checkResult(network, io, "x");
        }
    }

    @Test
    void formulaGivesTheWeightsOfTheFixture() {
        Map<String, Tensor> io = tensors("reference/mobilenet_gdconv_landmark/io.safetensors");
        FormulaWeights formula = new FormulaWeights();
        io.keySet().stream().filter(name -> name.startsWith("check.")).forEach(name -> {
            String key = name.substring("check.".length());
            Shape shape = switch (key) {
                case "base_net.0.0.0.weight" -> Shape.of(32, 3, 3, 3);
                case "linear1.conv.weight" -> Shape.of(136, 1280, 1, 1);
                default -> Shape.of(32);
            };
            double[] expected = value(io, name).toDoubles();
            assertThat(Arrays.copyOf(formula.get(key, shape), expected.length))
                    .as(key)
                    .containsExactly(expected);
        });
    }

    @Test
    void clipsAreResizedAsInTheRelease() {
        Map<String, Tensor> wrapper = tensors("reference/mobilefacenet_landmark/wrapper.safetensors");
        String weights = "reference/mobilefacenet_landmark/state.safetensors";
        try (LandmarkNetwork network = network(LandmarkModel.MOBILEFACENET, weights)) {
            Result result = network.forwardClips(value(wrapper, "x224"), scope, Outputs.FEATURES_AND_LANDMARKS);
            check(wrapper, "feat", result.features());
            check(wrapper, "landmarks", Objects.requireNonNull(result.landmarks()));
        }
    }

    @Test
    void realMobileFaceNetGivesTheKnownLandmarks() {
        Map<String, Tensor> reference = tensors("landmark/reference/mobilefacenet_reference.safetensors");
        String folded = "landmark/mobilefacenet_folded.safetensors";
        try (LandmarkNetwork network = network(LandmarkModel.MOBILEFACENET, folded)) {
            checkResult(network, reference, "input_bgr_0_1");
        }
    }

    @Test
    void realMobileFaceNetOnClipsGivesTheKnownFeatures() {
        Map<String, Tensor> reference = tensors("landmark/reference/s2d_landmark_path_reference.safetensors");
        Tensor images = value(reference, "input_rgb_imagenet_224");
        Tensor clips = images.unflatten(0, images.dim(0), 1).permute(0, 2, 1, 3, 4);
        String folded = "landmark/mobilefacenet_folded.safetensors";
        try (LandmarkNetwork network = network(LandmarkModel.MOBILEFACENET, folded)) {
            Result result = network.forwardClips(clips, scope, Outputs.FEATURES_AND_LANDMARKS);
            check(reference, "feat", result.features());
            check(reference, "landmarks", Objects.requireNonNull(result.landmarks()));
        }
    }

    @Test
    void realPfldGivesTheKnownLandmarks() {
        Map<String, Tensor> reference = tensors("landmark/reference/pfld_reference.safetensors");
        try (LandmarkNetwork network = network(LandmarkModel.PFLD, "landmark/pfld_folded.safetensors")) {
            checkResult(network, reference, "input_rgb_0_1");
        }
    }

    @Test
    void dataTypeOfTheFeaturesIsTheDevices() {
        Map<String, Tensor> io = tensors("reference/mobilefacenet_landmark/io.safetensors");
        String weights = "reference/mobilefacenet_landmark/state.safetensors";
        try (LandmarkNetwork network = network(LandmarkModel.MOBILEFACENET, weights)) {
            Result result = network.forward(value(io, "x"), scope, Outputs.FEATURES);
            assertThat(result.features().dtype()).isEqualTo(DType.F32);
            assertThat(result.landmarks()).isNull();
        }
    }

    @Test
    void aFrameDoesNotDependOnItsNeighboursNorOnTheThreads() {
        Tensor clip = scope.allocate(DType.F32, Shape.of(1, 3, 3, 112, 112));
        for (int i = 0; i < clip.numel(); i++) {
            clip.setDouble(i, Math.sin(0.01 * i));
        }
        try (LandmarkNetwork network = LandmarkModel.MOBILEFACENET.build(device, new RandomWeights(3));
                CpuDevice single = new CpuDevice(new HostPool(), 1);
                Scope other = new Scope(single.allocator());
                LandmarkNetwork twin = LandmarkModel.MOBILEFACENET.build(single, new RandomWeights(3))) {
            Tensor all = network.forwardClips(clip, scope, Outputs.FEATURES).features();
            Tensor last = clip.narrow(2, 2, 1);
            float[] alone = network.forwardClips(last, scope, Outputs.FEATURES)
                    .features()
                    .toFloats();
            assertThat(all.narrow(0, 2, 1).toFloats()).isEqualTo(alone);
            assertThat(twin.forwardClips(clip, other, Outputs.FEATURES)
                            .features()
                            .toFloats())
                    .isEqualTo(all.toFloats());
        }
    }

    @Test
    void randomWeightsKeepTheFeaturesInScale() {
        Tensor images = scope.allocate(DType.F32, Shape.of(1, 3, 112, 112));
        Random random = new Random(1);
        for (int i = 0; i < images.numel(); i++) {
            images.setDouble(i, random.nextGaussian());
        }
        for (LandmarkModel model : List.of(LandmarkModel.MOBILEFACENET, LandmarkModel.PFLD)) {
            try (LandmarkNetwork network = model.build(device, new RandomWeights(1))) {
                double[] features = network.forward(images, scope, Outputs.FEATURES)
                        .features()
                        .toDoubles();
                double rms = Math.sqrt(Arrays.stream(features).map(x -> x * x).sum() / features.length);
                assertThat(rms).isBetween(0.05, 5.0);
            }
        }
    }

    @Test
    void missingForeignAndMisshapenWeightsAreNamed() {
        Map<String, Tensor> tensors = tensors("reference/mobilefacenet_landmark/state.safetensors");
        assertThat(LandmarkModel.recognise(tensors.keySet())).contains(LandmarkModel.MOBILEFACENET);
        Map<String, Tensor> foreign = new LinkedHashMap<>(tensors);
        foreign.put("head.weight", value(tensors, "conv1.bn.weight"));
        NamedWeights weights = new NamedWeights(foreign);
        LandmarkModel.MOBILEFACENET.build(device, weights).close();
        assertThat(weights.unexpected()).containsExactly("head.weight");
        Map<String, Tensor> partial = new LinkedHashMap<>(tensors);
        partial.remove("conv_3.model.1.project.conv.weight");
        assertThatThrownBy(() -> LandmarkModel.MOBILEFACENET.build(device, new NamedWeights(partial)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("1 tensors of mobilefacenet are missing (conv_3.model.1.project.conv.weight)");
        Map<String, Tensor> swapped = new LinkedHashMap<>(tensors);
        swapped.put("conv1.conv.weight", value(tensors, "conv_4.model.0.conv.conv.weight"));
        assertThatThrownBy(() -> LandmarkModel.MOBILEFACENET.build(device, new NamedWeights(swapped)))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("'conv1.conv.weight' has shape (256, 128, 1, 1), expected (64, 3, 3, 3)");
        assertThatThrownBy(() -> LandmarkModel.of("resnet"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("expected one of mobilefacenet, mobilenet_gdconv, pfld");
    }

    @Test
    void denormalScalesCountAsZero() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        tensors.put("module.w", scope.allocate(DType.F32, Shape.of(3)).set(7.7e-41f, -7.7e-41f, 1e-30f));
        assertThat(new NamedWeights(tensors).get("w", Shape.of(3))).containsExactly(0, 0, 1e-30f);
    }
}
