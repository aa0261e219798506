package org.s2d.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.weights.Checkpoint;
import org.s2d.weights.StateDictMatch;
import org.s2d.weights.StateDictMatcher;

/** Builds S2D models from configurations and fills them from checkpoints. */
final class Models {
    private Models() {}

    static S2dConfig config(TrainConfig config, int classes) {
        TrainConfig.Model model = config.model();
        return S2dConfig.small(classes).toBuilder()
                .mode(S2dConfig.Mode.valueOf(upper(model.mode())))
                .imageSize(model.imageSize())
                .patchSize(model.patchSize())
                .embedDim(model.embedDim())
                .depth(model.depth())
                .heads(model.numHeads())
                .frames(model.numFrames())
                .landmarkChannels(Landmarks.channels(config.landmark()))
                .promptType(S2dConfig.PromptType.valueOf(upper(model.promptType())))
                .prompter(S2dConfig.Prompter.valueOf(upper(model.prompter())))
                .temporalAdapter(S2dConfig.TemporalAdapter.valueOf(upper(model.temporalAdapter())))
                .globalPool(S2dConfig.GlobalPool.valueOf(upper(model.globalPool())))
                .promptWidth(model.promptWidth())
                .adapterScale(model.adapterScale())
                .mlpRatio(model.mlpRatio())
                .headDropout(model.headDropout())
                .dropPath(model.dropPath())
                .build();
    }

    private static String upper(String text) {
        return text.toUpperCase(Locale.ROOT).replace('-', '_');
    }

    /** A freshly initialised model, a function of the seed; it lives in {@code scope}. */
    static S2dModel build(S2dConfig config, Device device, Scope scope, long seed) {
        return new S2dModel(ParameterFactory.root(device, scope, seed), config);
    }

    /** Names and shapes of a model's parameters, in the order of the state dict, without their values. */
    static Map<String, Shape> shapes(S2dConfig config) {
        try (Device device = new ReferenceDevice(new HostPool());
                Scope scope = new Scope(device.allocator())) {
            return shapes(new S2dModel(ParameterFactory.outline(device, scope), config));
        }
    }

    private static Map<String, Shape> shapes(S2dModel model) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        model.parameters().forEach((name, parameter) -> shapes.put(name, parameter.shape()));
        return shapes;
    }

    /**
     * Takes from a checkpoint what fits, by the rules of S2D checkpoints; the rest keeps its initial values. Returns what happened, in
     * lines for people.
     *
     * @param labels the model's classes; the head of a checkpoint with other ones, even as many, means something else and is left out
     * @param strict whether everything must fit, the head too
     */
    static List<String> initialise(S2dModel model, List<String> labels, Path file, boolean strict, Device device) {
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            StateDictMatch match = StateDictMatcher.matchS2d(checkpoint.shapes(), shapes(model));
            List<String> report = new ArrayList<>(match.report());
            Map<String, String> sources = new LinkedHashMap<>(match.sources());
            List<String> theirs =
                    RunInfo.isRun(checkpoint) ? RunInfo.of(checkpoint).labels() : labels;
            if (!theirs.equals(labels) && sources.keySet().removeIf(name -> name.startsWith("head."))) {
                report.add("head starts anew: its classes there are " + String.join(", ", theirs));
            }
            if (sources.isEmpty()) {
                throw new UserException(file + ": none of its "
                        + checkpoint.tensors().size() + " tensors is one of the model's. Is this an S2D checkpoint?");
            }
            if (!match.mismatches().isEmpty()) {
                StateDictMatch.Mismatch wrong = match.mismatches().getFirst();
                throw new UserException(file + ": " + wrong.name() + " has shape " + wrong.stored()
                        + " there, the model has " + wrong.expected()
                        + ". Set the model's sizes as in the checkpoint.");
            }
            if (strict && sources.size() != model.parameters().size()) {
                throw new UserException(file + ": does not fit the model completely, as train.strict demands: "
                        + String.join("; ", report) + ".");
            }
            load(model, checkpoint, sources, device);
            return report;
        }
    }

    /** Fills every parameter from a checkpoint that must have exactly the model's tensors. */
    static void loadAll(S2dModel model, Checkpoint checkpoint, Device device) {
        StateDictMatch match = StateDictMatcher.match(checkpoint.shapes(), shapes(model));
        if (!match.isComplete()) {
            List<String> report = new ArrayList<>(match.report());
            throw new UserException(checkpoint.path() + ": checkpoint of another model: "
                    + String.join("; ", report.subList(Math.min(1, report.size() - 1), report.size()))
                    + ". Use the configuration it was trained with.");
        }
        load(model, checkpoint, match.sources(), device);
    }

    private static void load(S2dModel model, Checkpoint checkpoint, Map<String, String> sources, Device device) {
        Map<String, Parameter> parameters = model.parameters();
        try (HostPool pool = new HostPool()) {
            sources.forEach((name, stored) -> {
                Parameter parameter = parameters.get(name);
                if (parameter == null) {
                    throw new IllegalStateException(name + " is not a parameter");
                }
                try (Scope scope = new Scope(pool)) {
                    Tensor value = checkpoint.load(stored, scope);
                    device.upload(parameter.value(), value);
                    parameter.changed();
                }
            });
        }
    }
}
