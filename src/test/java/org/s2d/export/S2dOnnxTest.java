package org.s2d.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;
import static org.assertj.core.data.Percentage.withPercentage;

import ai.onnxruntime.OrtException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.export.OnnxGraph.Value;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.verify.CaseFolder;

/** The transformer in ONNX Runtime, with landmark feature maps as a second input: against our double precision and against PyTorch. */
class S2dOnnxTest {
    private static final int INPUTS = 20;

    /** A relative error that any computation in 32-bit floats may have. */
    private static final double FLOAT = 2.5e-7;

    @TempDir
    Path folder;

    private final HostPool pool = new HostPool();
    private final Scope scope = new Scope(pool);

    @AfterEach
    void close() {
        scope.close();
        pool.close();
    }

    private static S2dConfig.Builder video() {
        return S2dConfig.small(5).toBuilder()
                .imageSize(32)
                .patchSize(8)
                .embedDim(32)
                .depth(2)
                .frames(3)
                .landmarkChannels(6);
    }

    private static S2dConfig.Builder image() {
        return video().mode(S2dConfig.Mode.IMAGE).frames(1);
    }

    static Stream<Arguments> variants() {
        Map<String, S2dConfig.Builder> variants = new LinkedHashMap<>();
        variants.put("video", video());
        variants.put("video, shallow prompts", video().promptType(S2dConfig.PromptType.SHALLOW));
        variants.put("video, no prompts", video().promptType(S2dConfig.PromptType.NONE));
        variants.put("video, mean of patches", video().globalPool(S2dConfig.GlobalPool.AVG));
        variants.put("video, convolution over time", video().temporalAdapter(S2dConfig.TemporalAdapter.CONV));
        variants.put("video, cross-attention", video().prompter(S2dConfig.Prompter.CROSS_ATTENTION));
        variants.put(
                "video, other sizes",
                video().frames(2).promptWidth(5).adapterScale(0.5).mlpRatio(2));
        variants.put("video, qkv without bias", video().qkvBias(false));
        variants.put("image", image());
        variants.put("image, shallow prompts", image().promptType(S2dConfig.PromptType.SHALLOW));
        variants.put("image, no prompts", image().promptType(S2dConfig.PromptType.NONE));
        variants.put("image, mean of patches", image().globalPool(S2dConfig.GlobalPool.AVG));
        variants.put("image, cross-attention", image().prompter(S2dConfig.Prompter.CROSS_ATTENTION));
        return variants.entrySet().stream()
                .map(entry -> Arguments.of(entry.getKey(), entry.getValue().build()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("variants")
    void agreesWithDoublePrecision(String name, S2dConfig config) throws OrtException {
        Map<String, Tensor> weights = RandomState.weights(shapes(config), scope, name.hashCode());
        Map<String, List<double[]>> exact = new LinkedHashMap<>();
        Map<String, List<double[]>> ours = new LinkedHashMap<>();
        Map<String, List<double[]>> runtime = new LinkedHashMap<>();
        Random random = new Random(9);
        try (OnnxSession session = new OnnxSession(write(config, weights, OnnxGraph.FIRST_OPSET))) {
            for (int first = 0, batch = 2; first < INPUTS; first += batch, batch++) { // 2, 3, 4, 5, 6
                Map<String, Tensor> inputs = inputs(config, batch, random);
                collect(exact, forward(new ReferenceDevice(new HostPool()), config, weights, inputs));
                collect(ours, forward(new CpuDevice(new HostPool(), 1), config, weights, inputs));
                collect(runtime, session.run(inputs));
            }
        }
        assertThat(joined(exact, "logits")).hasSize(INPUTS * config.classes());
        for (String output : exact.keySet()) {
            double[] expected = joined(exact, output);
            double limit = 4 * Math.max(FLOAT, RandomState.error(joined(ours, output), expected));
            assertThat(RandomState.error(joined(runtime, output), expected))
                    .as(output)
                    .isLessThanOrEqualTo(limit);
        }
        double[] probabilities = joined(runtime, "probabilities");
        assertThat(Arrays.stream(probabilities).sum()).isCloseTo(INPUTS, offset(1e-5));
        assertThat(probabilities[0] / probabilities[1])
                .isCloseTo(Math.exp(joined(exact, "logits")[0] - joined(exact, "logits")[1]), withPercentage(0.01));
    }

    /** Averages are written in two ways, before version 18 and since. */
    @ParameterizedTest
    @ValueSource(ints = {18, 20, 22})
    void laterOperatorsGiveTheSame(int opset) throws OrtException {
        S2dConfig config = video().depth(1).globalPool(S2dConfig.GlobalPool.AVG).build();
        Map<String, Tensor> weights = RandomState.weights(shapes(config), scope, 3);
        Map<String, Tensor> inputs = inputs(config, 2, new Random(4));
        double[] exact = output(forward(new ReferenceDevice(new HostPool()), config, weights, inputs), "logits");
        try (OnnxSession session = new OnnxSession(write(config, weights, opset))) {
            assertThat(RandomState.error(output(session.run(inputs), "logits"), exact))
                    .isLessThanOrEqualTo(8 * FLOAT);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"s2d_tiny", "s2d_tiny_no_prompt", "s2d_tiny_prompt_shallow"})
    void errsAtMostFourTimesAsMuchAsPyTorch(String name) throws OrtException {
        try (CaseFolder folder = CaseFolder.open(Path.of("weights", "reference", name));
                CaseFolder tiny = CaseFolder.open(Path.of("weights", "reference", "s2d_tiny"))) {
            S2dConfig config = S2dConfig.small(7).toBuilder()
                    .embedDim(64)
                    .depth(3)
                    .frames(4)
                    .promptType(
                            switch (name) {
                                case "s2d_tiny" -> S2dConfig.PromptType.DEEP;
                                case "s2d_tiny_no_prompt" -> S2dConfig.PromptType.NONE;
                                default -> S2dConfig.PromptType.SHALLOW;
                            })
                    .build();
            Map<String, Tensor> weights = new LinkedHashMap<>();
            shapes(config).keySet().forEach(key -> weights.put(key, tiny.tensor("state", key)));
            Map<String, Tensor> inputs = Map.of("frames", tiny.tensor("io", "x"), "maps", tiny.tensor("io", "a"));
            double[] exact =
                    name.equals("s2d_tiny") ? folder.float64("f64", "logits") : folder.float64("io", "f64.logits");
            double[] torch = folder.tensor("io", "logits").toDoubles();
            try (OnnxSession session = new OnnxSession(write(config, weights, OnnxGraph.FIRST_OPSET))) {
                double[] logits = output(session.run(inputs), "logits");
                double limit = 4 * Math.max(FLOAT, RandomState.error(torch, Objects.requireNonNull(exact)));
                assertThat(RandomState.error(logits, exact)).isLessThanOrEqualTo(limit);
            }
        }
    }

    private Map<String, Tensor> inputs(S2dConfig config, int batch, Random random) {
        int side = config.imageSize();
        int grid = side / config.patchSize();
        Shape clips = Shape.of(batch, 3, config.frames(), side, side);
        Shape maps = Shape.of(batch * config.frames(), config.landmarkChannels(), grid, grid);
        return Map.of(
                "frames", RandomState.normal(scope, clips, 0, 1, random),
                "maps", RandomState.normal(scope, maps, 0, 1, random));
    }

    private static Map<String, Shape> shapes(S2dConfig config) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        try (Device device = new ReferenceDevice(new HostPool());
                Scope scope = new Scope(device.allocator())) {
            new S2dModel(ParameterFactory.outline(device, scope), config)
                    .parameters()
                    .forEach((name, parameter) -> shapes.put(name, parameter.shape()));
        }
        return shapes;
    }

    private Path write(S2dConfig config, Map<String, Tensor> weights, int opset) {
        OnnxGraph graph = new OnnxGraph(opset, scope);
        OnnxLayers layers = new OnnxLayers(graph, new Weights(weights), scope);
        OnnxLayers.Scores result = new S2dOnnx(graph, layers, config).build(OnnxExport.images(graph, config), "maps");
        graph.output("logits", result.logits());
        graph.output("probabilities", result.probabilities());
        graph.output("features", result.features());
        int grid = config.imageSize() / config.patchSize();
        List<Value> inputs =
                List.of(OnnxExport.input(config, -1), new Value("maps", -1, config.landmarkChannels(), grid, grid));
        List<Value> outputs = List.of(
                new Value("logits", -1, config.classes()),
                new Value("probabilities", -1, config.classes()),
                new Value("features", -1, config.embedDim()));
        assertThat(graph.initializers().stream().map(OnnxGraph.Initializer::name))
                .as("every weight but the norm that the release never uses")
                .containsAll(used(config, weights));
        Path file = folder.resolve("model" + opset + ".onnx");
        new OnnxFile(graph, inputs, outputs, Map.of()).write(file, "test", OnnxFile.LARGEST_INSIDE);
        return file;
    }

    private static List<String> used(S2dConfig config, Map<String, Tensor> weights) {
        String unused = "prompt_norms." + (config.depth() - 1) + ".";
        boolean spare = config.promptType() == S2dConfig.PromptType.DEEP && config.depth() > 1;
        return weights.keySet().stream()
                .filter(name -> !(spare && name.startsWith(unused)))
                .toList();
    }

    private record Weights(Map<String, Tensor> tensors) implements OnnxLayers.Weights {
        @Override
        public boolean has(String name) {
            return tensors.containsKey(name);
        }

        @Override
        public Tensor get(String name, Scope scope) {
            return Objects.requireNonNull(tensors.get(name), name);
        }
    }

    /** Our own result; closes the device. */
    private Map<String, double[]> forward(
            Device opened, S2dConfig config, Map<String, Tensor> weights, Map<String, Tensor> inputs) {
        try (Device device = opened;
                Scope own = new Scope(device.allocator());
                Tape tape = Tape.evaluating(device, Precision.FP32, Gradients.NONE)) {
            S2dModel model = new S2dModel(ParameterFactory.root(device, own, 0), config);
            model.parameters().forEach((name, parameter) -> {
                device.upload(parameter.value(), Objects.requireNonNull(weights.get(name), name));
                parameter.changed();
            });
            S2dModel.Output output =
                    model.forward(tape, uploaded(tape, inputs, "frames"), uploaded(tape, inputs, "maps"));
            Map<String, double[]> values = new LinkedHashMap<>();
            values.put("logits", downloaded(device, output.logits()));
            values.put("features", downloaded(device, output.feature()));
            return values;
        }
    }

    private static Var uploaded(Tape tape, Map<String, Tensor> inputs, String name) {
        Tensor host = Objects.requireNonNull(inputs.get(name));
        Tensor tensor = tape.allocate(tape.floatType(), host.shape());
        tape.device().upload(tensor, host);
        return tape.constant(tensor);
    }

    private double[] downloaded(Device device, Var value) {
        Tensor host = scope.allocate(DType.F64, value.shape());
        device.download(host, value.value());
        return host.toDoubles();
    }

    private static void collect(Map<String, List<double[]>> all, Map<String, double[]> batch) {
        batch.forEach((name, values) ->
                all.computeIfAbsent(name, key -> new ArrayList<>()).add(values));
    }

    private static double[] joined(Map<String, List<double[]>> all, String name) {
        return Objects.requireNonNull(all.get(name)).stream()
                .flatMapToDouble(Arrays::stream)
                .toArray();
    }

    private static double[] output(Map<String, double[]> outputs, String name) {
        return Objects.requireNonNull(outputs.get(name));
    }
}
