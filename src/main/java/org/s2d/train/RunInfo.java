package org.s2d.train;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.UserException;
import org.s2d.weights.Checkpoint;

/** What a checkpoint of a run says about the run, read without trust. */
final class RunInfo {
    private static final String OWN = "s2d";

    private final Checkpoint checkpoint;
    private final Map<?, ?> own;

    private RunInfo(Checkpoint checkpoint, Map<?, ?> own) {
        this.checkpoint = checkpoint;
        this.own = own;
    }

    /** Throws {@link UserException} when the checkpoint is none of this program's runs. */
    static RunInfo of(Checkpoint checkpoint) {
        if (checkpoint.root() instanceof Map<?, ?> root && root.get(OWN) instanceof Map<?, ?> own) {
            return new RunInfo(checkpoint, own);
        }
        throw new UserException(checkpoint.path()
                + ": holds weights only, no run to continue. Use train.finetune to start from its weights.");
    }

    /** Whether a run of this program wrote the checkpoint, so that it knows its configuration. */
    static boolean isRun(Checkpoint checkpoint) {
        return checkpoint.root() instanceof Map<?, ?> root && root.get(OWN) instanceof Map<?, ?>;
    }

    void requireFormat(int format) {
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

    List<String> labels() {
        return texts("labels");
    }

    TrainConfig config() {
        return config(List.of());
    }

    /** The run's configuration with some settings changed. */
    TrainConfig config(List<String> settings) {
        if (own.get("config") instanceof String text) {
            return ConfigReader.parse(checkpoint.path() + " (configuration inside)", text, settings);
        }
        throw broken("config");
    }

    Position position() {
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
