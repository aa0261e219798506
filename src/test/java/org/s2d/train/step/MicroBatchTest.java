package org.s2d.train.step;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.s2d.autograd.Precision;
import org.s2d.data.augment.Mixup;
import org.s2d.device.Device;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.device.cpu.ReferenceDevice;
import org.s2d.loss.Sdl;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.ParameterFactory;
import org.s2d.optim.AdamW;
import org.s2d.optim.LossScaler;
import org.s2d.optim.ParameterGroups;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** A batch that goes through the model in parts is learned from as one that goes as a whole. */
class MicroBatchTest {
    private static final int CLIPS = 5;
    private static final S2dConfig CONFIG = S2dConfig.small(3).toBuilder()
            .imageSize(8)
            .patchSize(4)
            .embedDim(16)
            .depth(3)
            .heads(2)
            .frames(2)
            .landmarkChannels(2)
            .promptWidth(2)
            .adapterScale(0.5)
            .headDropout(0.5)
            .dropPath(0.5)
            .build();

    /** All that three steps with dropout, stochastic depth, mixed clips and self-distillation leave and say. */
    private static double[] threeSteps(Function<HostPool, Device> on, int microBatch, boolean mixed) {
        HostPool pool = new HostPool();
        List<Double> left = new ArrayList<>();
        try (Device device = on.apply(pool);
                Scope scope = new Scope(pool)) {
            S2dModel model = new S2dModel(ParameterFactory.root(device, scope, 1), CONFIG);
            FreezeRule.S2D.apply(model);
            AdamW optimizer =
                    new AdamW(ParameterGroups.of(model.parameters().values()), AdamW.Options.DEFAULT, device, scope);
            Sdl sdl = new Sdl(device, scope, 3, 4, CONFIG.embedDim(), 2, 1);
            try (TrainingStep step = new TrainingStep(
                    device, Precision.FP32, model, optimizer, sdl, 0.1, 0, 1, microBatch, true, LossScaler.off())) {
                for (int i = 0; i < 3; i++) {
                    TrainingStep.Result result = step.run(
                            List.of(input(device, scope, mixed)), new TrainingStep.Rates(1e-2, 0.05, 0.5, true, i));
                    left.addAll(List.of(result.loss(), result.sdlLoss(), result.gradNorm(), (double) result.correct()));
                }
            }
            List<Tensor> tensors = new ArrayList<>(List.of(sdl.queue(), sdl.distributions()));
            model.parameters().values().forEach(parameter -> tensors.add(parameter.value()));
            tensors.forEach(tensor -> {
                for (double value : tensor.toDoubles()) {
                    left.add(value);
                }
            });
        }
        return left.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static TrainingStep.Input input(Device device, Scope scope, boolean mixed) {
        Tensor clips = random(device, scope, Shape.of(CLIPS, 3, CONFIG.frames(), 8, 8));
        Tensor maps = random(device, scope, Shape.of(CLIPS * CONFIG.frames(), 2, 2, 2));
        LandmarkSource landmarks = (tape, seen) -> {
            assertThat(seen.dim(0)).as("clips of the batch").isEqualTo(CLIPS);
            return tape.constant(maps);
        };
        long[] labels = {0, 2, 1, 1, 0};
        if (!mixed) {
            return new TrainingStep.Input(PlannedClips.made(clips), labels, landmarks);
        }
        Mixup.Decisions mix = new Mixup.Decisions(Mixup.Mode.BATCH, false, List.of(Mixup.Mix.blend(0.3)));
        Tensor targets = scope.allocate(DType.F32, Shape.of(CLIPS, 3));
        Mixup.targets(scope.allocate(DType.I64, Shape.of(CLIPS)).set(labels), mix, 0.1, targets);
        return new TrainingStep.Input(PlannedClips.made(clips).mixed(mix), labels, targets, landmarks);
    }

    private static Tensor random(Device device, Scope scope, Shape shape) {
        Random random = new Random(shape.rank());
        float[] values = new float[(int) shape.numel()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        Tensor tensor = scope.allocate(device.floatType(), shape);
        device.upload(tensor, values);
        return tensor;
    }

    @Test
    void partsOfAnySizeLeaveWhatTheWholeBatchLeaves() {
        for (boolean mixed : new boolean[] {false, true}) {
            double[] whole = threeSteps(ReferenceDevice::new, 0, mixed);
            for (int microBatch : new int[] {1, 2, 7}) {
                double[] parts = threeSteps(ReferenceDevice::new, microBatch, mixed);
                assertThat(parts)
                        .as("in parts of %d, mixed %s", microBatch, mixed)
                        .hasSameSizeAs(whole);
                for (int i = 0; i < whole.length; i++) {
                    // In F64 the order of sums is felt only after the tenth digit; Adam divides by the size of a
                    // gradient.
                    assertThat(parts[i])
                            .as("number %d in parts of %d", i, microBatch)
                            .isCloseTo(whole[i], within(1e-8));
                }
            }
        }
    }

    @Test
    void theWholeBatchAsOnePartHasTheSameBits() {
        Function<HostPool, Device> cpu = pool -> new CpuDevice(pool, 1);
        assertThat(threeSteps(cpu, CLIPS, true)).isEqualTo(threeSteps(cpu, 0, true));
    }
}
