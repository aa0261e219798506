package org.s2d.train;

import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Precision;
import org.s2d.data.Batch;
import org.s2d.data.ClipDataset;
import org.s2d.data.ClipList;
import org.s2d.data.ClipLoader;
import org.s2d.data.random.RandomStream;
import org.s2d.device.Device;
import org.s2d.loss.Sdl;
import org.s2d.loss.SdlSchedule;
import org.s2d.model.Classifier;
import org.s2d.model.s4d.S4dPretraining;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.optim.AdamW;
import org.s2d.optim.LayerDecay;
import org.s2d.optim.LossScaler;
import org.s2d.optim.MovingAverage;
import org.s2d.optim.ParameterGroups;
import org.s2d.tensor.Scope;
import org.s2d.tensor.UserException;
import org.s2d.train.checkpoint.Models;
import org.s2d.train.checkpoint.Position;
import org.s2d.train.checkpoint.RunCheckpoint;
import org.s2d.train.checkpoint.RunFacts;
import org.s2d.train.config.Devices;
import org.s2d.train.config.RunData;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.results.ReconstructionFigure;
import org.s2d.train.results.RunFolder;
import org.s2d.train.step.ForwardPass;
import org.s2d.train.step.FreezeRule;
import org.s2d.train.step.Inference;
import org.s2d.train.step.Landmarks;
import org.s2d.train.step.MaskedStep;
import org.s2d.train.step.TrainingStep;

/** Everything alive during a run, built from its configuration and closed in the reverse order. */
final class TrainingRun implements AutoCloseable {
    /** First number of the random path of the queue. */
    private static final long SDL_SEED = 12;

    private final TrainConfig config;
    private final PrintWriter out;
    private final Deque<AutoCloseable> owned = new ArrayDeque<>();
    private final Device device;
    private final Scope scope;
    private final Scope moments;
    private final Landmarks landmarks;
    private final RunCheckpoint.Parts parts;
    private final @Nullable SdlSchedule sdlSchedule;
    private final @Nullable ForwardPass forward;
    private final @Nullable ReconstructionFigure reconstructions;
    private final List<Task> tasks = new ArrayList<>();
    /** What the tasks learn from, unchanged. */
    private final List<ClipDataset> datasets = new ArrayList<>();

    TrainingRun(TrainConfig given, PrintWriter out) {
        this.out = out;
        try {
            Lists clips = Lists.of("clips", new RunData(given));
            Lists photos = given.photos().isUsed() ? Lists.of("photos", RunData.photos(given)) : null;
            config = photos == null ? given : given.withPhotoLabels(photos.train.labels());
            device = own(Devices.open(config.train().device(), config.train().threads()));
            scope = own(new Scope(device.allocator(), "weights and gradients"));
            moments = own(new Scope(device.allocator(), "optimiser"));
            ParameterFactory factory =
                    ParameterFactory.root(device, scope, config.train().seed());
            landmarks = own(Landmarks.open(
                    config.landmark(),
                    config.model().imageSize() / config.model().patchSize(),
                    device));
            sdlSchedule = Schedules.sdl(config);
            if (config.reconstructs()) {
                S4dPretraining model = Models.reconstructor(config, factory);
                parts = parts(clips, model.parameters(), config.model().depth());
                forward = null;
                reconstructions = new ReconstructionFigure(config, model, device, precision());
                add(clips, config.train().batchSize(), 1, reconstruction(model));
                if (photos != null) {
                    add(photos, config.photos().batchSize(), config.photos().repeat(), reconstruction(model));
                }
            } else {
                reconstructions = null;
                Classifier model =
                        Models.classifier(config, clips.train.labels().size(), factory);
                FreezeRule.valueOf(config.train().freeze().toUpperCase(Locale.ROOT))
                        .apply(model);
                parts = parts(clips, model.parameters(), model.depth());
                boolean graph = config.train().graph() && photos == null; // kinds in turn do not repeat one recording
                forward = own(new ForwardPass(
                        device, precision(), model, landmarks, config.train().graph()));
                add(clips, config.train().batchSize(), 1, classification(model, clips.train, graph));
                if (photos != null) {
                    TrainConfig.Photos settings = config.photos();
                    add(photos, settings.batchSize(), settings.repeat(), classification(model, photos.train, false));
                }
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** What a task learns from and is validated on. */
    private record Lists(
            String name,
            RunData data,
            ClipList train,
            @Nullable ClipList validation) {
        static Lists of(String name, RunData data) {
            ClipList train = data.trainList();
            return new Lists(name, data, train, data.valList(train.labels()));
        }
    }

    private void add(Lists lists, int batchSize, double repeat, Task.Step step) {
        ClipList validation = config.reconstructs() ? null : lists.validation;
        ClipLoader train = own(lists.data.trainLoader(lists.train, device.hostAllocator()));
        int batches = config.train().updateFreq();
        BatchStream stream = new BatchStream(train, batches, repeat);
        if (stream.stepsPerEpoch() == 0) {
            throw new UserException(lists.train.source() + ": " + lists.train.size() + " " + lists.name
                    + " do not fill one step of " + batches + " x " + batchSize
                    + ". Lower the batch size or train.update_freq.");
        }
        datasets.add(ClipDataset.validation(lists.train, lists.data.spec()));
        tasks.add(new Task(
                lists.name,
                lists.train,
                validation,
                stream,
                validation == null ? null : own(lists.data.validationLoader(validation, device.hostAllocator())),
                step));
    }

    private Task.Step reconstruction(S4dPretraining model) {
        MaskedStep step = new MaskedStep(device, precision(), model, parts.optimizer(), config, parts.scaler());
        return (batches, rates, _) -> step.run(batches, rates);
    }

    private Task.Step classification(Classifier model, ClipList list, boolean graph) {
        TrainingStep step = own(new TrainingStep(
                device,
                precision(),
                model,
                parts.optimizer(),
                parts.sdl(),
                config.loss().smoothing(),
                config.loss().balance(),
                config.optim().clipGrad(),
                config.train().microBatch(),
                graph,
                parts.scaler()));
        TrainConfig.Augment augment = config.data().augment();
        int classes = list.labels().size();
        return new ClassificationStep(
                step, config, tasks.isEmpty() ? augment : augment.unmixed(), classes, landmarks, device, this::say);
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.push(resource);
        return resource;
    }

    private Precision precision() {
        return Precision.valueOf(config.train().precision().toUpperCase(Locale.ROOT));
    }

    private LossScaler scaler() {
        double first = config.optim().lossScale();
        boolean usual = first < 0 && precision() == Precision.FP16;
        return first == 0 || (first < 0 && !usual)
                ? LossScaler.off()
                : LossScaler.dynamic(usual ? LossScaler.USUAL : first);
    }

    private RunCheckpoint.Parts parts(Lists clips, Map<String, Parameter> parameters, int depth) {
        TrainConfig.Optim optim = config.optim();
        LayerDecay layers = new LayerDecay(optim.layerDecay(), depth);
        List<ParameterGroups.Group> groups =
                ParameterGroups.of(parameters.values(), name -> optim.layerDecay() == 1 ? 1 : layers.scale(name));
        AdamW.Options options =
                new AdamW.Options(optim.betas().get(0), optim.betas().get(1), optim.eps());
        TrainConfig.Sdl sdl = config.loss().sdl();
        Sdl queue = sdlSchedule == null
                ? null
                : new Sdl(
                        device,
                        scope,
                        clips.train.labels().size(),
                        sdl.size(),
                        config.model().embedDim(),
                        sdl.k(),
                        RandomStream.of(config.train().seed(), SDL_SEED).nextLong());
        MovingAverage ema = optim.emaDecay() == 0
                ? null
                : new MovingAverage(parameters.values(), optim.emaDecay(), device, moments);
        return new RunCheckpoint.Parts(
                device,
                config,
                clips.train.labels(),
                parameters,
                new AdamW(groups, options, device, moments),
                queue,
                ema,
                scaler(),
                RunFacts.of(clips.train, clips.validation));
    }

    /** Initial weights from the checkpoint to start from, if any; tells what the run is about. */
    Position start() {
        RunOutline.of(config, tasks, parts.parameters().values(), sdlSchedule).forEach(this::say);
        String finetune = config.train().finetune();
        if (!finetune.isEmpty()) {
            say("weights from " + finetune + ":");
            Models.initialise(config, parts.parameters(), labels(), device).forEach(line -> say("  " + line));
            MovingAverage ema = parts.ema();
            if (ema != null) {
                ema.restart();
            }
        }
        return Position.start();
    }

    void say(String line) {
        out.println(line);
        out.flush();
    }

    RunCheckpoint.Parts parts() {
        return parts;
    }

    TrainConfig config() {
        return config;
    }

    List<String> labels() {
        return parts.labels();
    }

    @Nullable
    SdlSchedule sdlSchedule() {
        return sdlSchedule;
    }

    /** What the run learns, clips first. */
    List<Task> tasks() {
        return tasks;
    }

    Inference inference() {
        return new Inference(device, Objects.requireNonNull(forward));
    }

    /** {@code reconstructions.png}, of a masked auto-encoder. */
    void drawReconstructions(RunFolder folder) {
        Objects.requireNonNull(reconstructions).write(datasets, folder.file("reconstructions.png"));
    }

    /** One optimiser step on a task's next batches. */
    TrainingStep.Result step(TaskOrder.Turn turn, int epoch, TrainingStep.Rates rates) {
        BatchStream batches = turn.task().batches();
        List<Batch> taken = batches.take(epoch, turn.step());
        try {
            TrainingStep.Result result = turn.task().step().run(taken, rates, batches::ready);
            MovingAverage ema = parts.ema();
            if (ema != null && result.isFinite()) {
                ema.update();
            }
            return result;
        } finally {
            taken.forEach(Batch::close);
        }
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
