package org.s2d.train.checkpoint;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.optim.LossScaler;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;
import org.s2d.weights.Checkpoint;

/** What a checkpoint of a run says about the run, read without trust. */
public final class RunInfo {
    private static final String OWN = "s2d";

    private final Checkpoint checkpoint;
    private final Map<?, ?> own;

    private RunInfo(Checkpoint checkpoint, Map<?, ?> own) {
        this.checkpoint = checkpoint;
        this.own = own;
    }

    /** How a model must be built and what its scores mean. */
    public record Described(TrainConfig config, List<String> labels) {}

    /**
     * Configuration and class names of a checkpoint: its own, or those of a configuration file, which weights without a run need.
     * Throws {@link UserException} where there are none, or where the two name other classes.
     *
     * @param configFile replaces the carried configuration where given
     * @param settings {@code key=value} on top
     */
    public static Described describe(Checkpoint checkpoint, @Nullable Path configFile, List<String> settings) {
        RunInfo info = isRun(checkpoint) ? of(checkpoint) : null;
        if (info == null && configFile == null) {
            throw new UserException(checkpoint.path()
                    + ": carries no configuration. Give one with --config, with the model's sizes and"
                    + " data.labels.");
        }
        TrainConfig config =
                info == null || configFile != null ? ConfigReader.read(configFile, settings) : info.config(settings);
        List<String> asked = config.data().labels();
        List<String> labels = info == null ? asked : info.labels();
        if (!asked.isEmpty() && !asked.equals(labels)) {
            throw new UserException(checkpoint.path() + ": was trained on the " + labels.size() + " classes " + labels
                    + ", but data.labels has the " + asked.size() + " classes " + asked + ". Leave data.labels out.");
        }
        return new Described(config, labels);
    }

    /** Throws {@link UserException} when the checkpoint is none of this program's runs. */
    public static RunInfo of(Checkpoint checkpoint) {
        Map<?, ?> own = own(checkpoint);
        if (own == null) {
            throw new UserException(checkpoint.path()
                    + ": holds weights only, no run to continue. Use train.finetune to start from its weights.");
        }
        return new RunInfo(checkpoint, own);
    }

    /** Whether this program wrote the checkpoint, as a run or an export of one, so that it knows its configuration. */
    public static boolean isRun(Checkpoint checkpoint) {
        return own(checkpoint) != null;
    }

    private static @Nullable Map<?, ?> own(Checkpoint checkpoint) {
        if (checkpoint.root() instanceof Map<?, ?> root && root.get(OWN) instanceof Map<?, ?> own) {
            return own;
        }
        return ModelCard.read(checkpoint.metadata());
    }

    /** Whether a run can go on from the checkpoint: an exported model has no optimiser and no position. */
    public boolean hasState() {
        return own.containsKey("format");
    }

    void requireFormat(int format) {
        if (!hasState()) {
            throw new UserException(checkpoint.path()
                    + ": an exported model, without the state of a run. Use train.finetune to start from its weights.");
        }
        if (number("format").intValue() != format) {
            throw new UserException(checkpoint.path() + ": run format " + number("format") + ", this version reads "
                    + format + ". Use the version that wrote it.");
        }
    }

    private UserException broken(String key) {
        return new UserException(checkpoint.path() + ": its entry " + OWN + "." + key
                + " is missing or of the wrong kind; the checkpoint is damaged or was changed.");
    }

    private Number number(String key) {
        if (own.get(key) instanceof Number value) {
            return value;
        }
        throw broken(key);
    }

    List<String> texts(String key) {
        if (own.get(key) instanceof List<?> list && list.stream().allMatch(String.class::isInstance)) {
            return list.stream().map(String.class::cast).toList();
        }
        throw broken(key);
    }

    /** What a checkpoint tells of its data and its validation, to be handed on; empty where it tells nothing. */
    static Map<String, Object> facts(Checkpoint checkpoint) {
        Map<String, Object> facts = new LinkedHashMap<>();
        if (isRun(checkpoint)) {
            RunInfo info = of(checkpoint);
            for (String key : List.of(RunFacts.DATA, RunFacts.VALIDATION)) {
                if (!info.section(key).isEmpty()) {
                    facts.put(key, info.section(key));
                }
            }
        }
        return facts;
    }

    /** A map of facts; empty in the checkpoint of an older version. */
    public Map<?, ?> section(String key) {
        return own.get(key) instanceof Map<?, ?> map ? map : Map.of();
    }

    /** Class names in the order of the scores. */
    public List<String> labels() {
        return texts("labels");
    }

    /** The run's configuration. */
    public TrainConfig config() {
        return config(List.of());
    }

    /** The run's configuration with some settings changed. */
    public TrainConfig config(List<String> settings) {
        if (own.get("config") instanceof String text) {
            return ConfigReader.parse(checkpoint.path() + " (configuration inside)", text, settings);
        }
        throw broken("config");
    }

    /** How far the run was. */
    public Position position() {
        return new Position(
                number("epoch").intValue(),
                number("step").intValue(),
                number("global_step").longValue(),
                number("loss_sum").doubleValue(),
                number("correct").longValue(),
                number("samples").longValue(),
                number("best").doubleValue(),
                number("best_epoch").intValue());
    }

    /** State of the loss scaling. */
    LossScaler.State scaler() {
        if (((Map<?, ?>) checkpoint.root()).get("scaler") instanceof Map<?, ?> map
                && map.get("scale") instanceof Number scale
                && map.get("_growth_tracker") instanceof Number steps) {
            return new LossScaler.State(scale.doubleValue(), steps.intValue());
        }
        throw new UserException(checkpoint.path() + ": no state of the loss scaling (scaler); it is damaged.");
    }

    /** Updates of the optimiser's i-th parameter. */
    long optimizerStep(int i) {
        Object found = entry(entry(entry(((Map<?, ?>) checkpoint.root()).get("optimizer"), "state"), i), "step");
        if (found instanceof Number value) {
            return value.longValue();
        }
        throw new UserException(checkpoint.path() + ": no step count in optimizer.state." + i + "; it is damaged.");
    }

    private static @Nullable Object entry(@Nullable Object map, Object key) {
        if (!(map instanceof Map<?, ?> values)) {
            return null;
        }
        // Whole numbers come back as Long, whatever they were written from.
        return key instanceof Integer number && !values.containsKey(key)
                ? values.get(number.longValue())
                : values.get(key);
    }
}
