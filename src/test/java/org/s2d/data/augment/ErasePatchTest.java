package org.s2d.data.augment;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.s2d.data.random.RandomStream;

class ErasePatchTest {
    @Test
    void drawnPatchesCoverBetweenAFiftiethAndAThird() {
        RandomStream stream = RandomStream.of(8);
        int erased = 0;
        for (int i = 0; i < 400; i++) {
            ErasePatch patch = new ErasePatch.Rule(0.25, ErasePatch.Mode.RAND)
                    .draw(stream, 3, 2, 64, 64)
                    .orElse(null);
            if (patch != null) {
                erased++;
                double part = (double) patch.height() * patch.width() / (64 * 64);
                assertThat(part).isBetween(0.018, 0.35);
                assertThat(patch.values()).hasSize(6 * patch.height() * patch.width());
                assertThat(patch.values()[0]).isEqualTo(patch.values()[1]);
                assertThat(patch.top() + patch.height()).isLessThanOrEqualTo(64);
                assertThat(patch.left() + patch.width()).isLessThanOrEqualTo(64);
            }
        }
        assertThat(erased).isBetween(70, 130);
    }
}
