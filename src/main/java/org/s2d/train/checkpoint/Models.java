package org.s2d.train.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.s2d.device.Device;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.model.Classifier;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.model.s4d.PretrainingConfig;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.model.s4d.S4dModel;
import org.s2d.model.s4d.S4dPretraining;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.UserException;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.step.Landmarks;
import org.s2d.weights.Checkpoint;
import org.s2d.weights.StateDictMatch;
import org.s2d.weights.StateDictMatcher;

/** Builds models from configurations and fills them from checkpoints. */
public final class Models {
    /** Of the authors' experts, as a fraction of the model's. */
    private static final double EXPERT_WIDTH = 0.25;

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

    static S4dConfig s4d(TrainConfig config, int classes) {
        TrainConfig.Model model = config.model();
        S4dConfig.Experts experts = model.expertLayers().isEmpty()
                ? S4dConfig.Experts.none()
                : new S4dConfig.Experts(
                        Set.copyOf(model.expertLayers()),
                        model.numExperts(),
                        model.topK(),
                        model.capacityFactor(),
                        EXPERT_WIDTH,
                        config.data().releaseCompatible());
        List<String> photoLabels = config.photos().labels();
        return new S4dConfig(
                vit(model),
                experts,
                photoLabels.isEmpty() ? classes : photoLabels.size(),
                classes,
                model.headDropout());
    }

    private static S4dConfig.Vit vit(TrainConfig.Model model) {
        return new S4dConfig.Vit(
                model.imageSize(),
                model.patchSize(),
                model.numFrames(),
                model.tubelet(),
                model.embedDim(),
                model.depth(),
                model.numHeads(),
                model.mlpRatio(),
                model.dropPath(),
                model.layerScale());
    }

    private static PretrainingConfig pretraining(TrainConfig config) {
        S4dConfig.Vit vit = vit(config.model());
        TrainConfig.Pretraining decoder = config.pretraining();
        PretrainingConfig usual = PretrainingConfig.of(vit);
        return new PretrainingConfig(
                vit,
                decoder.decoderDim() == 0 ? usual.decoderDim() : decoder.decoderDim(),
                decoder.decoderDepth(),
                decoder.decoderHeads() == 0 ? usual.decoderHeads() : decoder.decoderHeads());
    }

    /** A freshly initialised model that classifies; photographs have as many classes as they have labels, or as clips. */
    public static Classifier classifier(TrainConfig config, int classes, ParameterFactory factory) {
        return config.isS4d()
                ? new S4dModel(factory, s4d(config, classes))
                : new S2dModel(factory, config(config, classes));
    }

    /** A freshly initialised masked auto-encoder. */
    public static S4dPretraining reconstructor(TrainConfig config, ParameterFactory factory) {
        return new S4dPretraining(factory, pretraining(config));
    }

    /** Names and shapes of a model's parameters, in the order of the state dict, without their values. */
    static Map<String, Shape> shapes(TrainConfig config, int classes) {
        try (Device device = new ReferenceDevice(new HostPool());
                Scope scope = new Scope(device.allocator())) {
            return shapes(classifier(config, classes, ParameterFactory.outline(device, scope))
                    .parameters());
        }
    }

    private static Map<String, Shape> shapes(Map<String, Parameter> parameters) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        parameters.forEach((name, parameter) -> shapes.put(name, parameter.shape()));
        return shapes;
    }

    /** Compares a checkpoint's tensors with a model's, by the rules of its kind. */
    static StateDictMatch match(TrainConfig config, Checkpoint checkpoint, Map<String, Shape> expected) {
        return config.isS4d()
                ? StateDictMatcher.matchS4d(checkpoint.shapes(), expected)
                : StateDictMatcher.matchS2d(checkpoint.shapes(), expected);
    }

    /**
     * Takes from {@code train.finetune} what fits, by the rules of the authors' checkpoints; the rest keeps its initial values. Returns what happened, in
     * lines for people.
     *
     * @param labels the model's classes; the head of a checkpoint with other ones, even as many, means something else and is left out
     */
    public static List<String> initialise(
            TrainConfig config, Map<String, Parameter> parameters, List<String> labels, Device device) {
        Path file = Path.of(config.train().finetune());
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            StateDictMatch match = match(config, checkpoint, shapes(parameters));
            List<String> report = new ArrayList<>(match.report());
            Map<String, String> sources = new LinkedHashMap<>(match.sources());
            if (RunInfo.isRun(checkpoint)) {
                RunInfo theirs = RunInfo.of(checkpoint);
                List<String> photos = theirs.config().photos().labels();
                dropHead(sources, report, config.isS4d() ? "head.video." : "head.", labels, theirs.labels());
                dropHead(sources, report, "head.image.", config.photos().labels(), photos);
            }
            if (sources.isEmpty()) {
                throw new UserException(
                        file + ": none of its " + checkpoint.tensors().size()
                                + " tensors is one of the model's. Is this a checkpoint of such a model?");
            }
            if (!match.mismatches().isEmpty()) {
                StateDictMatch.Mismatch wrong = match.mismatches().getFirst();
                throw new UserException(file + ": " + wrong.name() + " has shape " + wrong.stored()
                        + " there, the model has " + wrong.expected()
                        + ". Set the model's sizes as in the checkpoint.");
            }
            if (config.train().strict() && sources.size() != parameters.size()) {
                throw new UserException(file + ": does not fit the model completely, as train.strict demands: "
                        + String.join("; ", report) + ".");
            }
            load(parameters, checkpoint, sources, device);
            return report;
        }
    }

    /** A head for other classes, even as many, means something else. */
    private static void dropHead(
            Map<String, String> sources, List<String> report, String head, List<String> ours, List<String> theirs) {
        if (!theirs.equals(ours) && sources.keySet().removeIf(name -> name.startsWith(head))) {
            report.add(head.substring(0, head.length() - 1) + " starts anew: its classes there are "
                    + String.join(", ", theirs));
        }
    }

    /** Fills every parameter from a checkpoint that must have exactly the model's tensors. */
    public static void loadAll(Map<String, Parameter> parameters, Checkpoint checkpoint, Device device) {
        StateDictMatch match = StateDictMatcher.match(checkpoint.shapes(), shapes(parameters));
        if (!match.isComplete()) {
            List<String> report = new ArrayList<>(match.report());
            throw new UserException(checkpoint.path() + ": checkpoint of another model: "
                    + String.join("; ", report.subList(Math.min(1, report.size() - 1), report.size()))
                    + ". Use the configuration it was trained with.");
        }
        load(parameters, checkpoint, match.sources(), device);
    }

    private static void load(
            Map<String, Parameter> parameters, Checkpoint checkpoint, Map<String, String> sources, Device device) {
        try (HostPool pool = new HostPool()) {
            sources.forEach((name, stored) -> {
                Parameter parameter = parameters.get(name);
                if (parameter == null) {
                    throw new IllegalStateException(name + " is not a parameter");
                }
                if (parameter.value().storage().isHost()) {
                    checkpoint.loadInto(stored, parameter.value());
                } else {
                    try (Scope scope = new Scope(pool)) {
                        device.upload(parameter.value(), checkpoint.load(stored, scope));
                    }
                }
                parameter.changed();
            });
        }
    }
}
