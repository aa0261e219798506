package org.s2d.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.s2d.tensor.UserException;

/** The numbers are those of torch.cuda.amp.GradScaler with its defaults. */
class LossScalerTest {
    @Test
    void anOverflowHalvesAndTwoThousandGoodStepsDouble() {
        LossScaler scaler = LossScaler.dynamic(LossScaler.USUAL);
        for (int step = 0; step < 1999; step++) {
            scaler.update(false);
        }
        assertThat(scaler.scale()).isEqualTo(65536);
        scaler.update(true);
        assertThat(scaler.scale()).isEqualTo(32768);
        for (int step = 0; step < 2000; step++) {
            assertThat(scaler.scale()).isEqualTo(32768);
            scaler.update(false);
        }
        assertThat(scaler.scale()).isEqualTo(65536);
    }

    @Test
    void aRestoredScalerGoesOnCounting() {
        LossScaler scaler = LossScaler.dynamic(8);
        for (int step = 0; step < 1500; step++) {
            scaler.update(false);
        }
        LossScaler restored = LossScaler.dynamic(1);
        restored.restore(scaler.state());
        for (int step = 0; step < 500; step++) {
            assertThat(restored.scale()).isEqualTo(8);
            restored.update(false);
        }
        assertThat(restored.scale()).isEqualTo(16);
    }

    @Test
    void overflowWithoutEndIsAnError() {
        LossScaler scaler = LossScaler.dynamic(LossScaler.USUAL);
        assertThatThrownBy(() -> {
                    for (int step = 0; step < 100; step++) {
                        scaler.update(true);
                    }
                })
                .isInstanceOf(UserException.class)
                .hasMessageContaining("not finite");
    }

    @Test
    void offIsOneForEver() {
        LossScaler off = LossScaler.off();
        off.update(true);
        assertThat(off.scale()).isEqualTo(1);
        assertThat(off.isDynamic()).isFalse();
        assertThatThrownBy(() -> LossScaler.dynamic(0)).isInstanceOf(UserException.class);
    }
}
