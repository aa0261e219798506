package org.s2d.train.step;

import java.util.List;
import java.util.Locale;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.Var;
import org.s2d.autograd.ops.Arithmetic;
import org.s2d.data.Batch;
import org.s2d.data.random.RandomStream;
import org.s2d.device.Device;
import org.s2d.device.TokenKernels.Standardise;
import org.s2d.model.s4d.Mask;
import org.s2d.model.s4d.S4dConfig;
import org.s2d.model.s4d.S4dPretraining;
import org.s2d.optim.AdamW;
import org.s2d.optim.LossScaler;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.train.config.TrainConfig;

/**
 * One optimiser step of the masked auto-encoder: forward and backward of one or more batches, clipping, update. Masks are drawn on the
 * host and are, like everything random, a function of the step's seed.
 */
public final class MaskedStep {
    /** First numbers of random paths. */
    private static final long MASK = 15;

    private static final long PASS = 16;

    private final Device device;
    private final Precision precision;
    private final S4dPretraining model;
    private final AdamW optimizer;
    private final TrainConfig config;
    private final LossScaler scaler;

    /** What does not change from step to step. */
    public MaskedStep(
            Device device,
            Precision precision,
            S4dPretraining model,
            AdamW optimizer,
            TrainConfig config,
            LossScaler scaler) {
        this.device = device;
        this.precision = precision;
        this.model = model;
        this.optimizer = optimizer;
        this.config = config;
        this.scaler = scaler;
    }

    /** Runs one step. When anything is not finite the weights stay as they were, and the result says so. */
    public TrainingStep.Result run(List<Batch> batches, TrainingStep.Rates rates) {
        optimizer.zeroGrad();
        double loss = 0;
        int samples = 0;
        double scale = scaler.scale();
        for (int i = 0; i < batches.size(); i++) {
            PlannedClips clips = PlannedClips.of(batches.get(i), config.model().imageSize());
            Mask mask = mask(config, model, clips.shape(), RandomStream.of(rates.seed(), MASK, i));
            long seed = RandomStream.of(rates.seed(), PASS, i).nextLong();
            try (Scope scope = new Scope(device.allocator(), "clips");
                    Scope host = new Scope(device.hostAllocator());
                    Tape tape = Tape.training(device, precision, Gradients.RECORD, seed);
                    HostReader reader = new HostReader(device)) {
                Var x = ClipPlace.of(device, scope, host, clips).make(tape, false);
                Var own = model.loss(tape, model.forward(tape, x, mask), x.value(), mask, targets(config));
                loss += reader.values(own.value())[0] / batches.size();
                tape.backward(Arithmetic.scale(tape, own, scale / batches.size()));
            }
            samples += clips.shape().dim(0);
        }
        double norm = optimizer.gradNorm() / scale;
        boolean skipped = scaler.isDynamic() && !Double.isFinite(norm);
        if (Double.isFinite(norm) && Double.isFinite(loss)) {
            double most = config.optim().clipGrad();
            double factor = most == 0 ? 1 : AdamW.clipFactor(norm, most);
            optimizer.step(rates.lr(), rates.weightDecay(), factor / scale);
        }
        if (skipped || Double.isFinite(norm)) {
            scaler.update(skipped);
        }
        return new TrainingStep.Result(loss, 0, norm, scale, skipped, 0, samples);
    }

    /** What is hidden of a batch of photos [B, 3, 1, H, W] or clips [B, 3, T, H, W]. */
    public static Mask mask(TrainConfig config, S4dPretraining model, Shape clips, RandomStream random) {
        TrainConfig.Pretraining pretraining = config.pretraining();
        boolean photo = clips.dim(2) == 1;
        double ratio = photo ? pretraining.photoMask() : pretraining.clipMask();
        if (photo || pretraining.masking().equals("random")) {
            return Mask.random(random::nextInt, clips.dim(0), model.tokens(clips), ratio);
        }
        S4dConfig.Vit vit = model.config().encoder();
        return Mask.tube(random::nextInt, clips.dim(0), vit.frames() / vit.tubelet(), vit.tokensPerImage(), ratio);
    }

    /** How the pixels to predict are standardised. */
    public static Standardise targets(TrainConfig config) {
        return switch (config.pretraining().targets().toLowerCase(Locale.ROOT)) {
            case "channel" -> Standardise.CHANNEL;
            case "patch" -> Standardise.PATCH;
            default -> Standardise.NOT;
        };
    }
}
