package org.s2d.train.step;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.s2d.device.cpu.CpuDevice;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.ParameterFactory;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;

class FreezeRuleTest {
    @Test
    void baseModelHasTheReleasesCounts() {
        try (CpuDevice device = new CpuDevice(new HostPool(), 1);
                Scope scope = new Scope(device.allocator())) {
            S2dModel model = new S2dModel(ParameterFactory.root(device, scope, 0), S2dConfig.base(7));
            long all = model.parameters().values().stream()
                    .mapToLong(parameter -> parameter.value().numel())
                    .sum();
            assertThat(all).isEqualTo(95_055_571);
            assertThat(FreezeRule.S2D.apply(model)).isEqualTo(9_258_451);
            assertThat(FreezeRule.NONE.apply(model)).isEqualTo(all - 197 * 768);
        }
    }

    @Test
    void frozenPromptersLeaveTheirAdaptersTraining() {
        assertThat(FreezeRule.S2D_FREEZE_PROMPTERS.lets("prompt_blocks.0.TMA.S_Adapter.D_fc1.weight"))
                .isTrue();
        assertThat(FreezeRule.S2D_FREEZE_PROMPTERS.lets("prompt_blocks.0.TMA.norm.weight"))
                .isFalse();
        assertThat(FreezeRule.S2D_FREEZE_PROMPTERS.lets("prompt_blocks.0.conv1x1.weight"))
                .isFalse();
        assertThat(FreezeRule.S2D_FREEZE_PROMPTERS.lets("head.fc_cls.weight")).isTrue();
    }
}
