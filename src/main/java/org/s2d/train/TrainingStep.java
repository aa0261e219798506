package org.s2d.train;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.device.Device;
import org.s2d.loss.Sdl;
import org.s2d.model.s2d.S2dModel;
import org.s2d.optim.AdamW;
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

    private final Device device;
    private final Precision precision;
    private final S2dModel model;
    private final AdamW optimizer;
    private final @Nullable Sdl sdl;
    private final double smoothing;
    private final double maxNorm;
    private final HostReader reader;
    private Tape.@Nullable Observer observer;

    /**
     * What does not change from step to step.
     *
     * @param smoothing label smoothing
     * @param maxNorm gradients with a greater norm are scaled down to it; 0 for no clipping
     */
    public TrainingStep(
            Device device,
            Precision precision,
            S2dModel model,
            AdamW optimizer,
            @Nullable Sdl sdl,
            double smoothing,
            double maxNorm) {
        this.device = device;
        this.precision = precision;
        this.model = model;
        this.optimizer = optimizer;
        this.sdl = sdl;
        this.smoothing = smoothing;
        this.maxNorm = maxNorm;
        this.reader = new HostReader(device);
    }

    /**
     * Clips [B, 3, T, H, W] on the host with their labels.
     *
     * @param mixed what the model is trained on instead; none: the clips with smoothed labels
     */
    @SuppressWarnings("ArrayRecordComponent") // only read
    public record Input(
            Tensor clips, long[] labels, @Nullable Mixed mixed, LandmarkSource landmarks) {
        public Input(Tensor clips, long[] labels, LandmarkSource landmarks) {
            this(clips, labels, null, landmarks);
        }

        /** For unmixed clips, which both forward passes see alike. */
        Input rememberingLandmarks(Scope scope) {
            return new Input(clips, labels, mixed, new RememberedLandmarks(landmarks, scope));
        }
    }

    /** Clips mixed with each other and their soft targets [B, C], on the host. */
    public record Mixed(Tensor clips, Tensor targets) {}

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
     * @param correct samples whose greatest score was their label's
     */
    public record Result(double loss, double sdlLoss, double gradNorm, int correct, int samples) {
        /** Whether the step could be applied; otherwise no weight was changed. */
        public boolean isFinite() {
            return Double.isFinite(loss) && Double.isFinite(sdlLoss) && Double.isFinite(gradNorm);
        }
    }

    /** Shows the results inside every forward pass; those that feed the queue come under names starting with {@code sdl.update}. */
    public void setObserver(Tape.Observer watcher) {
        observer = watcher;
    }

    /** Runs one step. When anything is not finite the weights stay as they were, and the result says so. */
    public Result run(List<Input> batches, Rates rates) {
        if (sdl == null || !rates.updateQueue()) {
            return runOnce(batches, rates);
        }
        try (Scope scope = new Scope(device.allocator())) {
            List<Input> remembering = batches.stream()
                    .map(batch -> batch.mixed() == null ? batch.rememberingLandmarks(scope) : batch)
                    .toList();
            return runOnce(remembering, rates);
        }
    }

    private Result runOnce(List<Input> batches, Rates rates) {
        optimizer.zeroGrad();
        Result sum = new Result(0, 0, 0, 0, 0);
        for (int i = 0; i < batches.size(); i++) {
            try (Tape tape = Tape.training(device, precision, Gradients.RECORD, rates.seed() + i * PASS)) {
                sum = accumulate(tape, batches.get(i), rates.sdlWeight(), 1.0 / batches.size(), sum);
            }
        }
        double norm = optimizer.gradNorm();
        Result result = new Result(sum.loss(), sum.sdlLoss(), norm, sum.correct(), sum.samples());
        if (result.isFinite()) {
            optimizer.step(rates.lr(), rates.weightDecay(), maxNorm > 0 ? AdamW.clipFactor(norm, maxNorm) : 1);
            if (rates.updateQueue() && sdl != null) {
                for (int i = 0; i < batches.size(); i++) {
                    long seed = rates.seed() + (batches.size() + i) * PASS;
                    try (Tape tape = Tape.training(device, precision, Gradients.NONE, seed)) {
                        feedQueue(tape, batches.get(i), sdl);
                    }
                }
            }
        }
        return result;
    }

    private Result accumulate(Tape tape, Input batch, double sdlWeight, double share, Result sum) {
        if (observer != null) {
            tape.setObserver(observer);
        }
        Mixed mixed = batch.mixed();
        S2dModel.Output out = forward(tape, mixed == null ? batch.clips() : mixed.clips(), batch.landmarks());
        Var target = mixed == null
                ? CrossEntropy.smoothedTargets(
                        tape, batch.labels(), model.config().classes(), smoothing)
                : upload(tape, mixed.targets());
        Var loss = Arithmetic.mean(tape, CrossEntropy.apply(tape, out.logits(), target), 0);
        Var total = loss;
        double distilled = 0;
        if (sdl != null && sdlWeight > 0) {
            Var softTargets = sdl.targets(tape, out.feature().value());
            tape.observe("sdl.soft_targets", softTargets);
            Var weighted = Arithmetic.scale(tape, sdl.loss(tape, out.logits(), softTargets), sdlWeight);
            distilled = reader.scalar(weighted.value());
            total = Arithmetic.add(tape, loss, weighted);
        }
        double classification = reader.scalar(loss.value());
        int correct = correct(reader.values(out.logits().value()), batch.labels());
        tape.backward(share == 1 ? total : Arithmetic.scale(tape, total, share));
        return new Result(
                sum.loss() + share * classification,
                sum.sdlLoss() + share * distilled,
                0,
                sum.correct() + correct,
                sum.samples() + batch.labels().length);
    }

    private void feedQueue(Tape tape, Input batch, Sdl queue) {
        S2dModel.Output out = forward(tape, batch.clips(), batch.landmarks());
        if (observer != null) {
            observer.onResult("sdl.update.feat", out.feature());
            observer.onResult("sdl.update.logits", out.logits());
        }
        queue.update(out.feature().value(), out.logits().value(), batch.labels());
    }

    private Var upload(Tape tape, Tensor host) {
        Tensor tensor = tape.allocate(tape.floatType(), host.shape());
        device.upload(tensor, host);
        return tape.constant(tensor);
    }

    private S2dModel.Output forward(Tape tape, Tensor clips, LandmarkSource landmarks) {
        Var x = upload(tape, clips);
        S2dModel.Output out = model.forward(tape, x, landmarks.features(tape, x));
        tape.observe("feature", out.feature());
        tape.observe("logits", out.logits());
        return out;
    }

    private static int correct(double[] logits, long[] labels) {
        int classes = logits.length / Math.max(1, labels.length);
        int correct = 0;
        for (int b = 0; b < labels.length; b++) {
            int best = 0;
            for (int c = 1; c < classes; c++) {
                if (logits[b * classes + c] > logits[b * classes + best]) {
                    best = c;
                }
            }
            correct += best == labels[b] ? 1 : 0;
        }
        return correct;
    }

    @Override
    public void close() {
        reader.close();
    }
}
