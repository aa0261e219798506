package org.s2d.train;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Precision;
import org.s2d.data.Batch;
import org.s2d.data.ClipList;
import org.s2d.data.ClipLoader;
import org.s2d.data.LoaderEpoch;
import org.s2d.data.augment.Mixup;
import org.s2d.data.random.RandomStream;
import org.s2d.device.Device;
import org.s2d.loss.Sdl;
import org.s2d.loss.SdlSchedule;
import org.s2d.model.s2d.S2dModel;
import org.s2d.optim.AdamW;
import org.s2d.optim.LayerDecay;
import org.s2d.optim.LossScaler;
import org.s2d.optim.MovingAverage;
import org.s2d.optim.ParameterGroups;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/** Everything alive during a run, built from its configuration and closed in the reverse order. */
final class TrainingRun implements AutoCloseable {
    /** First numbers of random paths, so that no two uses share a stream. */
    private static final long SDL_SEED = 12;

    private static final long MIXUP_SEED = 13;

    private final TrainConfig config;
    private final PrintWriter out;
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final RunData data;
    private final ClipList trainList;
    private final @Nullable ClipList valList;
    private final Device device;
    private final Scope scope;
    private final Scope moments;
    private final Landmarks landmarks;
    private final RunCheckpoint.Parts parts;
    private final @Nullable SdlSchedule sdlSchedule;
    private final TrainingStep trainingStep;
    private final ForwardPass forward;
    private final ClipLoader trainLoader;
    private final @Nullable ClipLoader valLoader;
    private boolean toldWhy;

    private TrainingRun(TrainConfig config, PrintWriter out) {
        this.config = config;
        this.out = out;
        data = new RunData(config);
        try {
            trainList = data.trainList();
            valList = data.valList(trainList.labels());
            device = own(Devices.open(config.train().device(), config.train().threads()));
            scope = own(new Scope(device.allocator(), "weights and gradients"));
            moments = own(new Scope(device.allocator(), "optimiser"));
            S2dModel model = Models.build(
                    Models.config(config, trainList.labels().size()),
                    device,
                    scope,
                    config.train().seed());
            landmarks = own(Landmarks.open(
                    config.landmark(),
                    config.model().imageSize() / config.model().patchSize(),
                    device));
            FreezeRule.valueOf(config.train().freeze().toUpperCase(Locale.ROOT)).apply(model);
            sdlSchedule = schedule();
            parts = parts(model);
            trainingStep = own(new TrainingStep(
                    device,
                    precision(),
                    model,
                    parts.optimizer(),
                    parts.sdl(),
                    config.loss().smoothing(),
                    config.optim().clipGrad(),
                    config.train().graph(),
                    parts.scaler()));
            forward = own(new ForwardPass(
                    device, precision(), model, landmarks, config.train().graph()));
            trainLoader = own(data.trainLoader(trainList, device.hostAllocator()));
            valLoader = valList == null ? null : own(data.validationLoader(valList, device.hostAllocator()));
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    static TrainingRun open(TrainConfig config, PrintWriter out) {
        return new TrainingRun(config, out);
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.push(resource);
        return resource;
    }

    private Precision precision() {
        return Precision.valueOf(config.train().precision().toUpperCase(Locale.ROOT));
    }

    private @Nullable SdlSchedule schedule() {
        TrainConfig.Sdl sdl = config.loss().sdl();
        if (!sdl.enabled()) {
            return null;
        }
        TreeMap<Integer, Double> weights = new TreeMap<>();
        sdl.weights().forEach(pair -> weights.put(pair.get(0).intValue(), pair.get(1)));
        return new SdlSchedule(sdl.startEpoch(), weights, sdl.updateFreq());
    }

    private LossScaler scaler() {
        double first = config.optim().lossScale();
        boolean usual = first < 0 && precision() == Precision.FP16;
        return first == 0 || (first < 0 && !usual)
                ? LossScaler.off()
                : LossScaler.dynamic(usual ? LossScaler.USUAL : first);
    }

    private RunCheckpoint.Parts parts(S2dModel model) {
        TrainConfig.Optim optim = config.optim();
        LayerDecay layers = new LayerDecay(optim.layerDecay(), model.config().depth());
        List<ParameterGroups.Group> groups = ParameterGroups.of(
                model.parameters().values(), name -> optim.layerDecay() == 1 ? 1 : layers.scale(name));
        AdamW.Options options =
                new AdamW.Options(optim.betas().get(0), optim.betas().get(1), optim.eps());
        TrainConfig.Sdl sdl = config.loss().sdl();
        Sdl queue = sdlSchedule == null
                ? null
                : new Sdl(
                        device,
                        scope,
                        trainList.labels().size(),
                        sdl.size(),
                        model.config().embedDim(),
                        sdl.k(),
                        RandomStream.of(config.train().seed(), SDL_SEED).nextLong());
        MovingAverage ema = optim.emaDecay() == 0
                ? null
                : new MovingAverage(model.parameters().values(), optim.emaDecay(), device, moments);
        return new RunCheckpoint.Parts(
                device,
                config,
                trainList.labels(),
                model,
                new AdamW(groups, options, device, moments),
                queue,
                ema,
                scaler(),
                RunFacts.of(trainList, valList));
    }

    /** Initial weights from the checkpoint to start from, if any; tells what the run is about. */
    Position start() {
        describe();
        String finetune = config.train().finetune();
        if (!finetune.isEmpty()) {
            say("weights from " + finetune + ":");
            Models.initialise(
                            parts.model(),
                            labels(),
                            Path.of(finetune),
                            config.train().strict(),
                            device)
                    .forEach(line -> say("  " + line));
            MovingAverage ema = parts.ema();
            if (ema != null) {
                ema.restart();
            }
        }
        return Position.start();
    }

    private void describe() {
        describe("training", trainList);
        if (valList != null) {
            describe("validation", valList);
        }
        long all = parts.model().parameters().values().stream()
                .mapToLong(parameter -> parameter.value().numel())
                .sum();
        long trained = parts.model().parameters().values().stream()
                .filter(parameter -> parameter.requiresGrad())
                .mapToLong(parameter -> parameter.value().numel())
                .sum();
        say(String.format(Locale.ROOT, "model: %,d parameters, %,d train", all, trained));
        if (sdlSchedule != null && !sdlSchedule.takesPart(config.train().epochs())) {
            say("warning: self-distillation is enabled, but in "
                    + config.train().epochs()
                    + " epochs it never has a weight and a queue that was fed. Change loss.sdl.start_epoch, weights or"
                    + " update_freq.");
        }
    }

    private void describe(String what, ClipList list) {
        int[] counts = list.classCounts();
        List<String> classes = new ArrayList<>();
        for (int c = 0; c < counts.length; c++) {
            classes.add(list.labels().get(c) + " " + counts[c]);
        }
        int most = Arrays.stream(counts).max().orElse(0);
        say(String.format(
                Locale.ROOT,
                "%s: %d clips (%s); always the most frequent class: accuracy %.3f",
                what,
                list.size(),
                String.join(", ", classes),
                most / (double) Math.max(1, list.size())));
        list.notes().forEach(note -> say("  " + list.source() + ": " + note));
    }

    void say(String line) {
        out.println(line);
        out.flush();
    }

    RunCheckpoint.Parts parts() {
        return parts;
    }

    List<String> labels() {
        return trainList.labels();
    }

    @Nullable
    SdlSchedule sdlSchedule() {
        return sdlSchedule;
    }

    ClipLoader trainLoader() {
        return trainLoader;
    }

    @Nullable
    ClipLoader valLoader() {
        return valLoader;
    }

    Inference inference() {
        return new Inference(device, forward);
    }

    /** Optimiser steps of an epoch; a rest of batches too small for one is left out. */
    int stepsPerEpoch() {
        int steps = trainLoader.batchesPerEpoch() / config.train().updateFreq();
        if (steps == 0) {
            throw new UserException(trainList.source() + ": " + trainList.size() + " clips do not fill one step of "
                    + config.train().updateFreq() + " x " + config.train().batchSize()
                    + ". Lower train.batch_size or train.update_freq.");
        }
        return steps;
    }

    /** One optimiser step on the loader's next batches. */
    TrainingStep.Result step(LoaderEpoch batches, TrainingStep.Rates rates) {
        List<Batch> taken = new ArrayList<>();
        try (Scope mixing = new Scope(device.hostAllocator())) {
            List<TrainingStep.Input> inputs = new ArrayList<>();
            for (int i = 0; i < config.train().updateFreq(); i++) {
                Batch batch = batches.next().orElseThrow(() -> new IllegalStateException("epoch ended early"));
                taken.add(batch);
                inputs.add(input(batch, mixing, RandomStream.of(rates.seed(), MIXUP_SEED, i)));
            }
            TrainingStep.Result result = trainingStep.run(inputs, rates);
            tellWhyNotRecorded();
            MovingAverage ema = parts.ema();
            if (ema != null && result.isFinite()) {
                ema.update();
            }
            return result;
        } finally {
            taken.forEach(Batch::close);
        }
    }

    private void tellWhyNotRecorded() {
        String why = trainingStep.whyNotRecorded().orElse("");
        if (!why.isEmpty() && !toldWhy) {
            toldWhy = true;
            say("train.graph: steps are not recorded as a graph and run kernel by kernel: " + why);
        }
    }

    private TrainingStep.Input input(Batch batch, Scope mixing, RandomStream random) {
        long[] labels = new long[batch.size()];
        Arrays.setAll(labels, i -> batch.labels().getLong(i));
        PlannedClips clips = PlannedClips.of(batch, config.model().imageSize());
        TrainConfig.Augment augment = config.data().augment();
        if (!augment.mixes()) {
            return new TrainingStep.Input(clips, labels, landmarks);
        }
        Mixup mixup = new Mixup(
                augment.mixup(),
                augment.cutmix(),
                augment.mixupProb(),
                augment.mixupSwitchProb(),
                Mixup.Mode.valueOf(augment.mixupMode().toUpperCase(Locale.ROOT)),
                config.data().releaseCompatible());
        Tensor targets = mixing.allocate(DType.F32, Shape.of(labels.length, labels().size()));
        int size = config.model().imageSize();
        Mixup.Decisions decisions = mixup.draw(random, labels.length, size, size);
        Mixup.targets(batch.labels(), decisions, config.loss().smoothing(), targets);
        return new TrainingStep.Input(clips.mixed(decisions), labels, targets, landmarks);
    }

    @Override
    public void close() {
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
