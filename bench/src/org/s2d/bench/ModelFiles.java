package org.s2d.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.check.steps.Formula;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.export.OnnxExport;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.train.checkpoint.SavedModel;
import org.s2d.train.step.FreezeRule;
import org.s2d.weights.AtomicFile;
import org.s2d.weights.CheckpointWriter;
import org.s2d.weights.SafetensorsWriter;

/** Models with formula weights as files below {@code target/bench}, written when they are first asked for. */
final class ModelFiles {
    private static final Path FOLDER = Path.of("target", "bench");
    private static final String BASE = """
        model: {size: base, mode: video, image_size: 224, patch_size: 16, num_frames: 16}
        landmark: {network: none}
        data: {labels: [a, b, c, d, e, f, g]}
        """;
    private static final String IMAGE = """
        model: {size: base, mode: image, image_size: 224, patch_size: 16}
        landmark: {network: none}
        data: {labels: [a, b, c, d, e, f, g]}
        """;
    private static final String TINY = """
        model: {size: small, mode: image, image_size: 64, patch_size: 16, embed_dim: 64, depth: 2, num_heads: 4}
        landmark: {network: none}
        data: {labels: [a, b, c, d, e, f, g]}
        """;

    private ModelFiles() {}

    /** Writes a file under a temporary name first, so that one that was cut off is not taken for whole. */
    @FunctionalInterface
    private interface Writer {
        void write(Path file) throws IOException;
    }

    private static Path made(String name, Writer writer) throws IOException {
        Path file = FOLDER.resolve(name);
        if (!Files.exists(file)) {
            Files.createDirectories(FOLDER);
            Path part = FOLDER.resolve("part-" + name);
            writer.write(part);
            Files.move(part, file);
        }
        return file;
    }

    /** Names and shapes of the base model's parameters. */
    static Map<String, Shape> shapes() {
        return shapes(BaseModel.CONFIG);
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

    static boolean trains(String name) {
        return FreezeRule.S2D.lets(name);
    }

    /** Formula weights; the scope must be one of host memory. */
    static Map<String, Tensor> weights(Map<String, Shape> shapes, Scope scope) {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        shapes.forEach((name, shape) -> {
            Tensor tensor = scope.allocate(DType.F32, shape);
            tensor.set(Formula.values(name, shape));
            weights.put(name, tensor);
        });
        return weights;
    }

    /** 380 MB. */
    static Path baseSafetensors() throws IOException {
        return made("base.safetensors", file -> safetensors(file, BaseModel.CONFIG));
    }

    private static void safetensors(Path file, S2dConfig config) {
        try (HostPool pool = new HostPool();
                Scope scope = new Scope(pool)) {
            SafetensorsWriter.write(file, weights(shapes(config), scope), Map.of());
        }
    }

    /** The same in PyTorch's format, as a run leaves it. */
    static Path basePth() throws IOException {
        return made("base.pth", file -> run(file, baseSafetensors(), BASE));
    }

    /** A model of photographs of base size, as a run leaves it; 340 MB. */
    static Path imagePth() throws IOException {
        S2dConfig config = BaseModel.CONFIG.toBuilder()
                .mode(S2dConfig.Mode.IMAGE)
                .frames(1)
                .build();
        Path weights = made("image.safetensors", file -> safetensors(file, config));
        return made("image.pth", file -> run(file, weights, IMAGE));
    }

    /** A model of photographs of 64 pixels, as a run leaves it. */
    static Path tinyPth() throws IOException {
        S2dConfig config = BaseModel.CONFIG.toBuilder()
                .mode(S2dConfig.Mode.IMAGE)
                .imageSize(64)
                .embedDim(64)
                .depth(2)
                .heads(4)
                .frames(1)
                .build();
        Path weights = made("tiny.safetensors", file -> safetensors(file, config));
        return made("tiny.pth", file -> run(file, weights, TINY));
    }

    private static SavedModel open(Path weights, String config) throws IOException {
        Path settings = Files.writeString(FOLDER.resolve("model.yaml"), config);
        return SavedModel.open(weights, settings, List.of());
    }

    private static void run(Path file, Path weights, String config) throws IOException {
        try (SavedModel model = open(weights, config)) {
            Map<String, Object> entries = Map.of("s2d", model.card().entries());
            CheckpointWriter.write(file, model.weights(), entries, AtomicFile.Previous.DISCARD);
        }
    }

    /** The base model without a landmark network, for batches of any size. */
    static Path onnx() throws IOException {
        return made("base.onnx", file -> {
            try (SavedModel model = open(baseSafetensors(), BASE)) {
                OnnxExport.write(model, OnnxExport.Options.of(OnnxExport.DEFAULT_OPSET, 0), file);
            }
        });
    }
}
