package org.s2d.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class EpochOrderTest {
    @Test
    void shufflingVisitsEveryItemOnceAndDiffersByEpochAndSeed() {
        EpochOrder order = EpochOrder.shuffled(50, 1);
        assertThat(Arrays.stream(order.of(0)).sorted().toArray())
                .isEqualTo(EpochOrder.sequential(50).of(0));
        assertThat(order.of(0)).isEqualTo(EpochOrder.shuffled(50, 1).of(0)).isNotEqualTo(order.of(1));
        assertThat(order.of(0)).isNotEqualTo(EpochOrder.shuffled(50, 2).of(0));
    }

    @Test
    void balancedWeightsAreTheReleases() {
        ReferenceCase reference = ReferenceCase.require("optim");
        int[] labels = Arrays.stream(
                        reference.tensor("sampler.safetensors", "labels").values())
                .mapToInt(value -> (int) value)
                .toArray();
        double[] high = reference.tensor("sampler.safetensors", "weights").values();
        double[] low = reference.tensor("sampler.safetensors", "weights.lo").values();
        double[] weights = EpochOrder.weights(labels);
        for (int i = 0; i < weights.length; i++) {
            assertThat((float) weights[i]).isEqualTo((float) high[i]);
            assertThat(weights[i] - high[i]).isCloseTo(low[i], within(1e-15));
        }
    }

    @Test
    void balancedSamplingShowsRareClassesAsOften() {
        int[] labels = new int[1000];
        Arrays.fill(labels, 0, 50, 1);
        Arrays.fill(labels, 50, 150, 2);
        int[] counts = new int[3];
        EpochOrder order = EpochOrder.balanced(labels, 3);
        for (int epoch = 0; epoch < 10; epoch++) {
            for (int item : order.of(epoch)) {
                counts[labels[item]]++;
            }
        }
        for (int count : counts) {
            assertThat(count).isBetween(3000, 3700);
        }
        assertThat(order.of(4)).isEqualTo(EpochOrder.balanced(labels, 3).of(4)).isNotEqualTo(order.of(5));
    }
}
