package org.s2d.train.checkpoint;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.s2d.device.Device;
import org.s2d.loss.Sdl;
import org.s2d.nn.Parameter;
import org.s2d.optim.AdamW;
import org.s2d.optim.LossScaler;
import org.s2d.optim.MovingAverage;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;
import org.s2d.weights.AtomicFile;
import org.s2d.weights.Checkpoint;
import org.s2d.weights.CheckpointWriter;
import org.s2d.weights.PyTuple;
import org.s2d.weights.StoredTensor;

/**
 * Checkpoints of a run, which {@code torch.load} opens too: {@code model} and {@code optimizer} as the authors' scripts write
 * them, {@code scaler}, {@code sdl} and {@code ema} where in use, and {@code s2d} with position, configuration, class names and
 * {@link RunFacts}. Reading one back
 * restores the run bit for bit.
 */
public final class RunCheckpoint {
    private static final int FORMAT = 1;

    /** Keys that may differ between the checkpoint and the run that continues it: they change no weight. */
    private static final Set<String> FREE = Set.of(
            "train.output_dir",
            "train.finetune",
            "train.strict",
            "train.graph",
            "train.log_every",
            "train.save_every_steps",
            "train.save_every_seconds",
            "data.num_workers",
            "data.test",
            "data.test_where",
            "data.test_num_segment",
            "data.test_num_crop",
            "data.test_crop_mode");

    private RunCheckpoint() {}

    /** What is saved and restored. */
    public record Parts(
            Device device,
            TrainConfig config,
            List<String> labels,
            Map<String, Parameter> parameters,
            AdamW optimizer,
            @Nullable Sdl sdl,
            @Nullable MovingAverage ema,
            LossScaler scaler,
            RunFacts facts) {}

    /** Writes a checkpoint; a killed writer leaves the file that was there. */
    public static void write(Path file, Parts parts, Position position, double lr, AtomicFile.Previous previous) {
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            Download download = new Download(parts.device(), host);
            Map<String, Object> entries = new LinkedHashMap<>();
            entries.put("optimizer", optimizer(parts, download, lr));
            entries.put("epoch", position.epoch());
            Sdl sdl = parts.sdl();
            if (sdl != null) {
                entries.put(
                        "sdl",
                        Map.of(
                                "queue", download.of(sdl.queue()),
                                "distributions", download.of(sdl.distributions())));
            }
            MovingAverage ema = parts.ema();
            if (ema != null) {
                entries.put("ema", download.of(ema.averages()));
            }
            if (parts.scaler().isDynamic()) {
                entries.put("scaler", scaler(parts.scaler().state()));
            }
            entries.put("s2d", own(parts, position));
            Map<String, Tensor> weights = new LinkedHashMap<>();
            parts.parameters().forEach((name, parameter) -> weights.put(name, parameter.value()));
            CheckpointWriter.write(file, download.of(weights), entries, previous);
        }
    }

    /** As torch.cuda.amp.GradScaler writes and loads it. */
    private static Map<String, Object> scaler(LossScaler.State state) {
        return Map.of(
                "scale",
                state.scale(),
                "growth_factor",
                2.0,
                "backoff_factor",
                0.5,
                "growth_interval",
                LossScaler.GROWTH_INTERVAL,
                "_growth_tracker",
                state.stepsSinceChange());
    }

    private record Download(Device device, Scope host) {
        Tensor of(Tensor tensor) {
            Tensor copy = host.allocate(tensor.dtype(), tensor.shape());
            device.download(copy, tensor);
            return copy;
        }

        Map<String, Object> of(Map<String, Tensor> tensors) {
            Map<String, Object> copies = new LinkedHashMap<>();
            tensors.forEach((name, tensor) -> copies.put(name, of(tensor)));
            return copies;
        }
    }

    private static Map<String, Object> own(Parts parts, Position position) {
        Map<String, Object> own = new LinkedHashMap<>();
        own.put("format", FORMAT);
        own.put("epoch", position.epoch());
        own.put("step", position.step());
        own.put("global_step", position.globalStep());
        own.put("loss_sum", position.lossSum());
        own.put("correct", position.correct());
        own.put("samples", position.samples());
        own.put("best", position.best());
        own.put("best_epoch", position.bestEpoch());
        own.put("labels", parts.labels());
        own.put("config", ConfigReader.print(parts.config()));
        own.put("preprocessing", new ModelCard(parts.labels(), parts.config()).preprocessing());
        own.put("parameters", parts.optimizer().names());
        own.putAll(parts.facts().toMap());
        return own;
    }

    /** The state as torch.optim.AdamW loads it: parameters numbered in the order of their groups. */
    private static Map<String, Object> optimizer(Parts parts, Download download, double lr) {
        List<String> names = parts.optimizer().names();
        Map<String, AdamW.Moments> moments = parts.optimizer().state();
        Map<Object, Object> state = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            AdamW.Moments own = moments.get(names.get(i));
            if (own != null) {
                state.put(
                        i,
                        Map.of(
                                "step", (double) own.step(),
                                "exp_avg", download.of(own.expAvg()),
                                "exp_avg_sq", download.of(own.expAvgSq())));
            }
        }
        List<Object> groups = new ArrayList<>();
        int first = 0;
        for (AdamW.GroupSettings group : parts.optimizer().groups()) {
            Map<String, Object> settings = new LinkedHashMap<>();
            settings.put("lr", lr * group.lrScale());
            settings.put(
                    "betas", PyTuple.of(group.options().beta1(), group.options().beta2()));
            settings.put("eps", group.options().eps());
            settings.put("weight_decay", group.decay() ? parts.config().optim().weightDecay() : 0.0);
            settings.put("amsgrad", false);
            settings.put("maximize", false);
            settings.put("lr_scale", group.lrScale());
            List<Integer> members = new ArrayList<>();
            for (int i = 0; i < group.size(); i++) {
                members.add(first + i);
            }
            first += group.size();
            settings.put("params", members);
            groups.add(settings);
        }
        return Map.of("state", state, "param_groups", groups);
    }

    /** Whether the run of a checkpoint is at its end; throws {@link UserException} when it is the run of another configuration. */
    public static boolean isFinished(Path file, TrainConfig config) {
        try (Checkpoint checkpoint = Checkpoint.open(file)) {
            RunInfo info = RunInfo.of(checkpoint);
            info.requireFormat(FORMAT);
            requireSameConfig(file, info, config);
            return info.position().epoch() >= config.train().epochs();
        }
    }

    /** Restores a run; throws {@link UserException} when the checkpoint belongs to another one. */
    public static Position restore(Path file, Parts parts) {
        try (Checkpoint checkpoint = Checkpoint.open(file);
                HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            RunInfo info = RunInfo.of(checkpoint);
            info.requireFormat(FORMAT);
            requireSameConfig(file, info, parts.config());
            requireSameLabels(file, info, parts);
            Models.loadAll(parts.parameters(), checkpoint, parts.device());
            Map<String, StoredTensor> stored = checkpoint.allTensors();
            List<String> names = parts.optimizer().names();
            if (!info.texts("parameters").equals(names)) {
                throw new UserException(file + ": other parameters train in this run than in the checkpoint's."
                        + " Use the same configuration.");
            }
            for (int i = 0; i < names.size(); i++) {
                StoredTensor expAvg = stored.get("optimizer.state." + i + ".exp_avg");
                StoredTensor expAvgSq = stored.get("optimizer.state." + i + ".exp_avg_sq");
                if (expAvg != null && expAvgSq != null) {
                    parts.optimizer()
                            .restore(new AdamW.Moments(
                                    names.get(i),
                                    info.optimizerStep(i),
                                    checkpoint.load(expAvg, host),
                                    checkpoint.load(expAvgSq, host)));
                }
            }
            if (parts.scaler().isDynamic()) {
                parts.scaler().restore(info.scaler());
            }
            parts.facts().restore(info);
            Restored tensors = new Restored(checkpoint, stored, host);
            if (parts.sdl() != null) {
                parts.sdl().restore(tensors.get("sdl.queue"), tensors.get("sdl.distributions"));
            }
            if (parts.ema() != null) {
                parts.ema()
                        .averages()
                        .forEach((name, average) -> parts.device().upload(average, tensors.get("ema." + name)));
            }
            return info.position();
        }
    }

    private record Restored(Checkpoint checkpoint, Map<String, StoredTensor> stored, Scope host) {
        Tensor get(String name) {
            StoredTensor tensor = stored.get(name);
            if (tensor == null) {
                throw new UserException(checkpoint.path() + ": no tensor " + name + ", cannot resume from it.");
            }
            return checkpoint.load(tensor, host);
        }
    }

    private static void requireSameConfig(Path file, RunInfo info, TrainConfig config) {
        List<String> differing = ConfigReader.differences(info.config(), config).stream()
                .filter(line -> !FREE.contains(line.substring(0, line.indexOf(' '))))
                .toList();
        if (!differing.isEmpty()) {
            throw new UserException(file + ": was written with another configuration (checkpoint / now): "
                    + String.join(", ", differing.subList(0, Math.min(4, differing.size())))
                    + (differing.size() > 4 ? ", ..." : "")
                    + ". Resume with the same one, or start anew in another train.output_dir with train.finetune.");
        }
    }

    private static void requireSameLabels(Path file, RunInfo info, Parts parts) {
        if (!info.labels().equals(parts.labels())) {
            throw new UserException(
                    file + ": was trained on classes " + info.labels() + ", this run has " + parts.labels() + ".");
        }
    }
}
