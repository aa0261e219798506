package org.s2d.loss;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

class SdlTest {
    @Test
    void newestAnchorsPushOutTheOldestOfTheirClass() {
        try (CpuDevice device = new CpuDevice(new HostPool(), 1);
                Scope scope = new Scope(device.allocator())) {
            Sdl sdl = new Sdl(device, scope, 2, 2, 3, 1, 5);
            float[] other = sdl.queue().select(0, 0).toFloats();
            Tensor features = scope.allocate(DType.F32, Shape.of(3, 3)).set(1f, 1f, 1f, 2f, 2f, 2f, 3f, 3f, 3f);
            Tensor logits = scope.allocate(DType.F32, Shape.of(3, 2)).set(new float[6]);
            sdl.update(features, logits, new long[] {1, 1, 1});
            assertThat(sdl.queue().select(0, 1).toFloats()).containsExactly(2, 2, 2, 3, 3, 3);
            assertThat(sdl.queue().select(0, 0).toFloats()).isEqualTo(other);
            assertThat(sdl.distributions().select(0, 1).toFloats()).containsOnly(0.5f);
        }
    }

    @Test
    void releaseScheduleUsesTheQueueFromEpoch21AndTheLossFromEpoch30() {
        SdlSchedule schedule = SdlSchedule.release(1);
        assertThat(schedule.updatesQueue(20)).isFalse();
        assertThat(schedule.updatesQueue(21)).isTrue();
        assertThat(schedule.weight(29)).isZero();
        assertThat(schedule.weight(30)).isEqualTo(0.01);
        assertThat(schedule.weight(99)).isEqualTo(1);
    }

    @Test
    void aScheduleThatNeverFeedsItsQueueIsFound() {
        assertThat(SdlSchedule.release(100).takesPart(100)).isFalse();
        assertThat(SdlSchedule.release(1).takesPart(100)).isTrue();
        assertThat(new SdlSchedule(0, new TreeMap<>(Map.of(2, 0.5)), 1).takesPart(2))
                .isFalse();
    }
}
