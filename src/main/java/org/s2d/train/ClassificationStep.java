package org.s2d.train;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.s2d.data.Batch;
import org.s2d.data.augment.Mixup;
import org.s2d.data.random.RandomStream;
import org.s2d.device.Device;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.train.config.TrainConfig;
import org.s2d.train.step.LandmarkSource;
import org.s2d.train.step.PlannedClips;
import org.s2d.train.step.TrainingStep;

/** A {@link TrainingStep} on a loader's batches, mixed where the configuration wants it. */
final class ClassificationStep implements Task.Step {
    /** First number of its random path. */
    private static final long MIXUP_SEED = 13;

    private final TrainingStep step;
    private final TrainConfig config;
    private final TrainConfig.Augment augment;
    private final int classes;
    private final LandmarkSource landmarks;
    private final Device device;
    private final Consumer<String> say;
    private boolean toldWhy;

    /**
     * A step that somebody else closes.
     *
     * @param augment whether and how batches are mixed
     * @param say is told once why the step is not recorded though it was to be
     */
    ClassificationStep(
            TrainingStep step,
            TrainConfig config,
            TrainConfig.Augment augment,
            int classes,
            LandmarkSource landmarks,
            Device device,
            Consumer<String> say) {
        this.step = step;
        this.config = config;
        this.augment = augment;
        this.classes = classes;
        this.landmarks = landmarks;
        this.device = device;
        this.say = say;
    }

    @Override
    public TrainingStep.Result run(List<Batch> batches, TrainingStep.Rates rates, Supplier<List<Tensor>> next) {
        try (Scope mixing = new Scope(device.hostAllocator())) {
            List<TrainingStep.Input> inputs = new ArrayList<>();
            for (int i = 0; i < batches.size(); i++) {
                inputs.add(input(batches.get(i), mixing, RandomStream.of(rates.seed(), MIXUP_SEED, i)));
            }
            TrainingStep.Result result = step.run(inputs, rates, next);
            tellWhyNotRecorded();
            return result;
        }
    }

    private TrainingStep.Input input(Batch batch, Scope mixing, RandomStream random) {
        long[] labels = new long[batch.size()];
        Arrays.setAll(labels, i -> batch.labels().getLong(i));
        int size = config.model().imageSize();
        PlannedClips clips = PlannedClips.of(batch, size);
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
        Tensor targets = mixing.allocate(DType.F32, Shape.of(labels.length, classes));
        Mixup.Decisions decisions = mixup.draw(random, labels.length, size, size);
        Mixup.targets(batch.labels(), decisions, config.loss().smoothing(), targets);
        return new TrainingStep.Input(clips.mixed(decisions), labels, targets, landmarks);
    }

    private void tellWhyNotRecorded() {
        String why = step.whyNotRecorded().orElse("");
        if (!why.isEmpty() && !toldWhy) {
            toldWhy = true;
            say.accept("train.graph: steps are not recorded as a graph and run kernel by kernel: " + why);
        }
    }
}
