package org.s2d.export;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.export.OnnxGraph.Value;
import org.s2d.model.landmark.LandmarkNetwork;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.ModelCard;
import org.s2d.train.checkpoint.SavedModel;

/**
 * A trained model with its landmark network as one ONNX graph. Input {@code frames} [B, 3, T, H, W], normalised as the card's preprocessing
 * says; outputs {@code logits} and {@code probabilities} [B, C], {@code features} [B, D], and with a landmark network {@code landmarks} [B, T, 68, 2],
 * x and y as fractions of the frame. Weights have the names and shapes of the state dict, those of the landmark network after
 * {@code landmark.}, their BatchNorm folded in. The card's entries are the model's metadata.
 */
public final class OnnxExport {
    /** The oldest version that has every operator, which the most programs read. */
    public static final int DEFAULT_OPSET = OnnxGraph.FIRST_OPSET;

    private static final String INPUT = "frames";
    private static final int POINTS = 68;

    private OnnxExport() {}

    /**
     * Choices.
     *
     * @param opset version of the operator set
     * @param batch clips per call; 0: any number
     * @param inside bytes of weights that the file may hold; more go to a second one
     * @param photos the photographs' task of S4D, not that of clips
     */
    public record Options(int opset, int batch, long inside, boolean photos) {
        public Options {
            if (opset < OnnxGraph.FIRST_OPSET || opset > OnnxGraph.LAST_OPSET) {
                throw new UserException("--opset " + opset + ": must be between " + OnnxGraph.FIRST_OPSET + " and "
                        + OnnxGraph.LAST_OPSET + ".");
            }
            if (batch < 0) {
                throw new UserException("--batch " + batch + ": must be positive, or 0 for any number.");
            }
        }

        /** As far as the format allows in one file. */
        public static Options of(int opset, int batch) {
            return new Options(opset, batch, OnnxFile.LARGEST_INSIDE, false);
        }

        /** The same for photographs. */
        public Options ofPhotos() {
            return new Options(opset, batch, inside, true);
        }

        /** Size of the first axis of inputs and outputs; negative for any. */
        private int firstAxis() {
            return batch == 0 ? -1 : batch;
        }
    }

    /** Writes the file; returns its size in bytes, with that of the second one if there is one. */
    public static long write(SavedModel model, Options options, Path out) {
        try (Device device = new ReferenceDevice(new HostPool());
                HostPool pool = new HostPool();
                Scope scope = new Scope(pool);
                LandmarkNetwork network = model.landmarkNetwork(device)) {
            OnnxGraph graph = new OnnxGraph(options.opset(), scope);
            OnnxLayers layers = new OnnxLayers(graph, weights(model), scope);
            S4dConfig s4d = model.s4d();
            OnnxFile file = s4d != null
                    ? s4d(graph, layers, s4d, model.card(), options)
                    : s2d(graph, layers, model, options, network, new LandmarkOnnx(graph, device, scope));
            return file.write(out, ModelCard.VERSION, options.inside());
        }
    }

    private static OnnxFile s4d(OnnxGraph graph, OnnxLayers layers, S4dConfig config, ModelCard card, Options options) {
        boolean photos = options.photos();
        if (config.experts().noiseAtInference()) {
            throw new UserException("data.release_compatible: routers with noise have no form in ONNX. Export with"
                    + " --set data.release_compatible=false.");
        }
        S4dConfig.Vit vit = config.vit();
        OnnxLayers.Scores scores = new S4dOnnx(graph, layers, config, photos).build(INPUT);
        List<Value> outputs = outputs(
                graph,
                scores,
                options.firstAxis(),
                photos ? config.imageClasses() : config.videoClasses(),
                vit.embedDim());
        Value input = input(options.firstAxis(), photos ? 1 : vit.frames(), vit.imageSize());
        return new OnnxFile(graph, List.of(input), outputs, photos ? card.photoTexts() : card.texts());
    }

    private static OnnxFile s2d(
            OnnxGraph graph,
            OnnxLayers layers,
            SavedModel model,
            Options options,
            @Nullable LandmarkNetwork network,
            LandmarkOnnx landmarkLayers) {
        if (options.photos()) {
            throw new UserException("--photos: this model has one task only.");
        }
        S2dConfig config = model.s2d();
        String images = images(graph, config);
        LandmarkOnnx.Result landmarks =
                network == null ? null : landmarkLayers.build(network, images, config.imageSize());
        OnnxLayers.Scores scores =
                new S2dOnnx(graph, layers, config).build(images, maps(graph, config, network, landmarks));
        List<Value> outputs =
                new ArrayList<>(outputs(graph, scores, options.firstAxis(), config.classes(), config.embedDim()));
        if (landmarks != null) {
            graph.output("landmarks", graph.reshape("landmarks", landmarks.points(), -1, config.frames(), POINTS, 2));
            outputs.add(new Value("landmarks", options.firstAxis(), config.frames(), POINTS, 2));
        }
        return new OnnxFile(
                graph,
                List.of(input(config, options.firstAxis())),
                outputs,
                model.card().texts());
    }

    private static List<Value> outputs(OnnxGraph graph, OnnxLayers.Scores scores, int batch, int classes, int width) {
        graph.output("logits", scores.logits());
        graph.output("probabilities", scores.probabilities());
        graph.output("features", scores.features());
        return List.of(
                new Value("logits", batch, classes),
                new Value("probabilities", batch, classes),
                new Value("features", batch, width));
    }

    /** The input, [B, 3, T, H, W], as frames [B*T, 3, H, W]. */
    static String images(OnnxGraph graph, S2dConfig config) {
        String byFrame = graph.transpose(INPUT, INPUT, 0, 2, 1, 3, 4);
        return graph.reshape(INPUT, byFrame, -1, 3, config.imageSize(), config.imageSize());
    }

    /** The input's name and sizes. */
    static Value input(S2dConfig config, int batch) {
        return input(batch, config.frames(), config.imageSize());
    }

    private static Value input(int batch, int frames, int side) {
        return new Value(INPUT, batch, 3, frames, side, side);
    }

    /** Feature maps of the size of the model's grid; one of zeros, for all frames, where there is no network. */
    private static String maps(
            OnnxGraph graph,
            S2dConfig config,
            @Nullable LandmarkNetwork network,
            LandmarkOnnx.@Nullable Result landmarks) {
        int grid = config.imageSize() / config.patchSize();
        if (network == null || landmarks == null) {
            return graph.zeros("landmark", 1, config.landmarkChannels(), grid, grid);
        }
        int size = LandmarkNetwork.FEATURE_SIZE;
        return grid == size ? landmarks.maps() : graph.resize("landmark.maps", landmarks.maps(), size, grid, false);
    }

    private static OnnxLayers.Weights weights(SavedModel model) {
        Map<String, Tensor> loaded = new LinkedHashMap<>();
        return new OnnxLayers.Weights() {
            @Override
            public boolean has(String name) {
                return model.weights().containsKey(name);
            }

            @Override
            public Tensor get(String name, Scope scope) {
                return loaded.computeIfAbsent(name, wanted -> model.weight(wanted, scope));
            }
        };
    }
}
