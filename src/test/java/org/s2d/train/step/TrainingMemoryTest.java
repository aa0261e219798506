package org.s2d.train.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.s2d.autograd.Precision;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.loss.Sdl;
import org.s2d.loss.SdlSchedule;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.ParameterFactory;
import org.s2d.optim.AdamW;
import org.s2d.optim.ParameterGroups;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

class TrainingMemoryTest {
    private static final S2dConfig CONFIG = S2dConfig.small(3).toBuilder()
            .imageSize(16)
            .patchSize(8)
            .embedDim(16)
            .depth(2)
            .heads(2)
            .frames(2)
            .landmarkChannels(4)
            .adapterScale(0.5)
            .headDropout(0.2)
            .dropPath(0.2)
            .build();

    @Test
    void aStepAsksTheSystemForNothingAfterTheFirst() {
        HostPool pool = new HostPool();
        try (CpuDevice device = new CpuDevice(pool, 1);
                Scope scope = new Scope(pool)) {
            S2dModel model = new S2dModel(ParameterFactory.root(device, scope, 1), CONFIG);
            FreezeRule.S2D.apply(model);
            AdamW optimizer =
                    new AdamW(ParameterGroups.of(model.parameters().values()), AdamW.Options.DEFAULT, device, scope);
            Sdl sdl = new Sdl(device, scope, 3, 4, 16, 2, 1);
            Tensor clips = scope.allocate(DType.F32, Shape.of(2, 3, 2, 16, 16));
            device.elementwise().fill(clips, 0.5);
            LandmarkSource landmarks = (tape, x) -> {
                Tensor maps = tape.allocate(DType.F32, Shape.of(4, 4, 2, 2));
                device.elementwise().fill(maps, 0.25);
                return tape.constant(maps);
            };
            TrainingStep.Input input = new TrainingStep.Input(PlannedClips.made(clips), new long[] {0, 2}, landmarks);
            SdlSchedule schedule = new SdlSchedule(0, new TreeMap<>(Map.of(0, 0.5)), 1);
            try (TrainingStep step = new TrainingStep(device, Precision.FP32, model, optimizer, sdl, 0.1, 1, true)) {
                long afterWarmUp = 0;
                int live = 0;
                for (int i = 0; i < 200; i++) {
                    step.run(
                            List.of(input),
                            new TrainingStep.Rates(1e-3, 0.05, schedule.weight(0), schedule.updatesQueue(0), i));
                    if (i == 1) {
                        afterWarmUp = pool.systemAllocations();
                        live = pool.liveBlocks();
                    }
                }
                assertThat(pool.systemAllocations()).isEqualTo(afterWarmUp);
                assertThat(pool.liveBlocks()).isEqualTo(live);
            }
        }
    }
}
