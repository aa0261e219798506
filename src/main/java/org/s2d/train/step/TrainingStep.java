package org.s2d.train.step;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Part;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.device.Device;
import org.s2d.device.Repeated;
import org.s2d.device.Seed;
import org.s2d.loss.Sdl;
import org.s2d.model.Classifier;
import org.s2d.nn.Parameter;
import org.s2d.optim.AdamW;
import org.s2d.optim.LossScaler;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/**
 * One optimiser step: forward and backward of one or more batches, clipping, update, and the feeding of the self-distillation
 * queue by a second forward pass with the updated weights. Everything random is a function of the step's seed. One tape per
 * batch; after the first step nothing is asked of the system's memory.
 */
public final class TrainingStep implements AutoCloseable {
    /** Distance between the seeds of the forward passes of one step. */
    private static final long PASS = 0x632be59bd9b4e019L;

    /** A step with and one without self-distillation. */
    private static final int MOST_VARIANTS = 2;

    private final Device device;
    private final Precision precision;
    private final Classifier model;
    private final AdamW optimizer;
    private final @Nullable Sdl sdl;
    private final double smoothing;
    private final double balance;
    private final double maxNorm;
    private final int microBatch;
    private final LossScaler scaler;
    private Tape.@Nullable Observer observer;
    private final boolean recorded;
    private @Nullable StepBuffers buffers;
    /** Works by what their kernels' arguments depend on, the least recently used first. */
    private final LinkedHashMap<Variant, Repeated> works = new LinkedHashMap<>(4, 0.75f, true);

    private @Nullable String whyNotRecorded;

    /**
     * What does not change from step to step, without loss scaling.
     *
     * @param smoothing label smoothing
     * @param maxNorm gradients with a greater norm are scaled down to it; 0 for no clipping
     * @param recorded whether a device that can do so records the step and repeats it
     */
    public TrainingStep(
            Device device,
            Precision precision,
            Classifier model,
            AdamW optimizer,
            @Nullable Sdl sdl,
            double smoothing,
            double maxNorm,
            boolean recorded) {
        this(device, precision, model, optimizer, sdl, smoothing, 0, maxNorm, 0, recorded, LossScaler.off());
    }

    /**
     * As above, with a factor on the loss that every step may change.
     *
     * @param balance weight of the model's balance loss
     * @param microBatch samples of a batch that go through the model at once, forward and backward, so that activations are kept of these
     *     alone; the step is the same but for the order of sums. 0: a whole batch, which a model with a balance loss needs
     */
    public TrainingStep(
            Device device,
            Precision precision,
            Classifier model,
            AdamW optimizer,
            @Nullable Sdl sdl,
            double smoothing,
            double balance,
            double maxNorm,
            int microBatch,
            boolean recorded,
            LossScaler scaler) {
        this.balance = balance;
        this.microBatch = microBatch;
        this.recorded = recorded;
        this.device = device;
        this.precision = precision;
        this.model = model;
        this.optimizer = optimizer;
        this.sdl = sdl;
        this.smoothing = smoothing;
        this.maxNorm = maxNorm;
        this.scaler = scaler;
    }

    /**
     * A batch on the host.
     *
     * @param targets soft targets [B, C] of clips that are mixed; none: the clips are trained with smoothed labels
     */
    @SuppressWarnings("ArrayRecordComponent") // only read
    public record Input(
            PlannedClips clips, long[] labels, @Nullable Tensor targets, LandmarkSource landmarks) {
        public Input(PlannedClips clips, long[] labels, LandmarkSource landmarks) {
            this(clips, labels, null, landmarks);
        }
    }

    /**
     * What changes from step to step.
     *
     * @param sdlWeight weight of the self-distillation loss; 0 leaves it out
     * @param updateQueue whether the step's samples become anchors
     * @param seed of dropout and stochastic depth
     */
    public record Rates(double lr, double weightDecay, double sdlWeight, boolean updateQueue, long seed) {}

    /**
     * What a step found, before its update.
     *
     * @param loss classification loss
     * @param sdlLoss weighted self-distillation loss; 0 when off
     * @param gradNorm 2-norm of all gradients before clipping
     * @param lossScale factor on the loss in this step
     * @param skipped whether its gradients overflowed because of that factor, so that the step was left out
     * @param correct samples whose greatest score was their label's
     */
    public record Result(
            double loss, double sdlLoss, double gradNorm, double lossScale, boolean skipped, int correct, int samples) {
        /** Whether the run can go on; otherwise something is not finite for no fault of the loss scale. No weight is ever broken. */
        public boolean isFinite() {
            return Double.isFinite(loss) && Double.isFinite(sdlLoss) && (skipped || Double.isFinite(gradNorm));
        }
    }

    /** Shows the results inside every forward pass; those that feed the queue come under names starting with {@code sdl.update}. */
    public void setObserver(Tape.Observer watcher) {
        observer = watcher;
    }

    /** Runs one step. When anything is not finite the weights stay as they were, and the result says so. */
    public Result run(List<Input> batches, Rates rates) {
        return run(batches, rates, List::of);
    }

    /**
     * As above.
     *
     * @param next asked, once this step's work is enqueued, for the pixels of the next step's batches, as far as they are there
     */
    public Result run(List<Input> batches, Rates rates, Supplier<List<Tensor>> next) {
        boolean feeds = sdl != null && rates.updateQueue();
        StepBuffers place = buffers(batches);
        place.fill(batches, rates.seed());
        optimizer.setRates(rates.lr(), rates.weightDecay());
        Variant variant =
                new Variant(batches.stream().map(Input::landmarks).toList(), rates.sdlWeight(), scaler.scale(), feeds);
        if (recorded && observer == null) {
            repeat(place, variant);
        } else {
            compute(place, variant);
        }
        place.copyAhead(next.get());
        StepBuffers.Found found = place.read(batches, scaler);
        optimizer.weightsChanged(); // a repetition does not tell the parameters
        if (found.applied()) {
            optimizer.applied();
        }
        if (found.result().isFinite()) {
            scaler.update(found.result().skipped());
        }
        return found.result();
    }

    /** What kernels' arguments depend on besides places in memory. */
    private record Variant(List<LandmarkSource> landmarks, double sdlWeight, double lossScale, boolean feeds) {}

    private void repeat(StepBuffers place, Variant variant) {
        // A recording has the conversions of the weights that train, not of those that somebody else changes.
        for (Parameter parameter : model.parameters().values()) {
            if (!parameter.requiresGrad()) {
                parameter.refresh(device);
            }
        }
        Repeated work = works.computeIfAbsent(variant, unseen -> device.repeated(() -> compute(place, variant)));
        work.run();
        work.whyNotRecorded().ifPresent(why -> whyNotRecorded = why);
        if (works.size() > MOST_VARIANTS) {
            Objects.requireNonNull(works.pollFirstEntry()).getValue().close();
        }
    }

    /** Why the device does not record the step though it was to; empty where it does, or where no device could. */
    public Optional<String> whyNotRecorded() {
        return Optional.ofNullable(whyNotRecorded);
    }

    private StepBuffers buffers(List<Input> batches) {
        StepBuffers present = buffers;
        if (present == null || !present.fit(batches)) {
            close();
            int classes = model.classes(batches.getFirst().clips().shape());
            present = new StepBuffers(device, batches, classes);
            buffers = present;
        }
        return present;
    }

    /** All that the device does in a step. Asks it for nothing, and depends on nothing but its memory and the arguments. */
    private void compute(StepBuffers place, Variant variant) {
        boolean feeds = variant.feeds();
        optimizer.zeroGrad();
        optimizer.weightsChanged(); // so that every recording converts them
        device.elementwise().fill(place.watched(), 0);
        try (Scope remembered = new Scope(device.allocator(), "landmark features")) {
            List<LandmarkSource> landmarks = new ArrayList<>();
            int count = place.batches().size();
            for (int i = 0; i < count; i++) {
                StepBuffers.Batch batch = place.batches().get(i);
                boolean twice = feeds && !batch.isMixed();
                LandmarkSource source = variant.landmarks().get(i);
                landmarks.add(twice ? new RememberedLandmarks(source, remembered) : source);
                Pass pass = new Pass(batch, landmarks.get(i), place.seed(i, PASS), Gradients.RECORD);
                double factor = variant.lossScale() / count;
                inParts(pass, (tape, out) -> accumulate(tape, batch, out, variant.sdlWeight(), factor));
            }
            optimizer.judge(place.report(), place.watched(), maxNorm, 1 / variant.lossScale());
            optimizer.update(place.factor());
            for (int i = 0; i < count && feeds; i++) {
                StepBuffers.Batch batch = place.batches().get(i);
                Pass pass = new Pass(batch, landmarks.get(i), place.seed(count + i, PASS), Gradients.NONE);
                inParts(pass, (tape, out) -> feedQueue(tape, batch, out, place.factor()));
            }
        }
    }

    /** A batch on its way through the model; mixed, as planned, only where it is learned from. */
    private record Pass(StepBuffers.Batch batch, LandmarkSource landmarks, Seed seed, Gradients gradients) {}

    /** What is done with the scores of samples that went through the model at once: those of the tape's part of a batch. */
    private interface PartWork {
        void run(Tape tape, Classifier.Output out);
    }

    private void inParts(Pass pass, PartWork work) {
        boolean learns = pass.gradients == Gradients.RECORD;
        int all = pass.batch.size();
        int most = microBatch == 0 ? all : Math.min(microBatch, all);
        try (Scope scope = new Scope(device.allocator(), "clips")) {
            Tensor clips = pass.batch.clips().make(scope, learns);
            LandmarkSource landmarks = most == all ? pass.landmarks : new RememberedLandmarks(pass.landmarks, scope);
            for (int first = 0; first < all; first += most) {
                Part part = new Part(first, Math.min(most, all - first), all);
                try (Tape tape = Tape.training(device, precision, pass.gradients, pass.seed, part)) {
                    if (observer != null && learns) {
                        tape.setObserver(observer);
                    }
                    work.run(tape, forward(tape, clips, landmarks));
                }
            }
        }
    }

    private Classifier.Output forward(Tape tape, Tensor clips, LandmarkSource landmarks) {
        Part part = tape.part();
        Classifier.Output out = model.classify(tape, tape.constant(part.of(clips)), seen -> {
            Var maps = landmarks.features(tape, tape.constant(clips));
            return tape.constant(part.of(maps.value()));
        });
        tape.observe("feature", out.feature());
        tape.observe("logits", out.logits());
        return out;
    }

    private void accumulate(
            Tape tape, StepBuffers.Batch batch, Classifier.Output out, double sdlWeight, double lossScale) {
        Part part = tape.part();
        Var perSample = batch.isMixed()
                ? CrossEntropy.apply(tape, out.logits(), tape.constant(part.of(batch.targets())))
                : CrossEntropy.ofLabels(tape, out.logits(), part.of(batch.labels()), smoothing);
        Var loss = Arithmetic.mean(tape, perSample, 0);
        Var total = loss;
        if (sdl != null && sdlWeight > 0) {
            Sdl.Distilled distilled = sdl.loss(tape, out.logits(), out.feature().value());
            tape.observe("sdl.soft_targets", distilled.target());
            Var weighted = Arithmetic.scale(tape, distilled.loss(), sdlWeight);
            device.elementwise().addScaled(batch.sdlLoss(), weighted.value(), part.share());
            total = Arithmetic.add(tape, loss, weighted);
        }
        Var balanceLoss = out.balanceLoss();
        if (balanceLoss != null && balance != 0) {
            total = Arithmetic.add(tape, total, Arithmetic.scale(tape, balanceLoss, balance));
        }
        device.elementwise().addScaled(batch.loss(), loss.value(), part.share());
        device.elementwise().copy(part.of(batch.logits()), out.logits().value());
        double factor = lossScale * part.share();
        tape.backward(factor == 1 ? total : Arithmetic.scale(tape, total, factor));
    }

    private void feedQueue(Tape tape, StepBuffers.Batch batch, Classifier.Output out, Tensor factor) {
        if (observer != null) {
            observer.onResult("sdl.update.feat", out.feature());
            observer.onResult("sdl.update.logits", out.logits());
        }
        Tensor labels = tape.part().of(batch.labels());
        Objects.requireNonNull(sdl).update(out.feature().value(), out.logits().value(), labels, factor);
    }

    @Override
    public void close() {
        works.values().forEach(Repeated::close);
        works.clear();
        if (buffers != null) {
            buffers.close();
            buffers = null;
        }
    }
}
