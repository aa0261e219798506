package org.s2d.data.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.s2d.data.ReferenceCase;
import org.s2d.data.random.RandomStream;
import org.s2d.tensor.UserException;

class RandAugmentTest {
    @Test
    void readsTheRecipe() {
        assertThat(RandAugment.parse("rand-m7-n4-mstd0.5-inc1")).isEqualTo(new RandAugment(7, 0.5, 4, true, false));
        assertThat(RandAugment.parse("rand-m9-inc0")).isEqualTo(new RandAugment(9, 0, 2, false, false));
    }

    @Test
    void refusesWhatItDoesNotUnderstand() {
        assertThatThrownBy(() -> RandAugment.parse("rand-m7-x3"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("'x3' is not understood");
        assertThatThrownBy(() -> RandAugment.parse("rand-w1")).hasMessageContaining("'w1' is not understood");
        assertThatThrownBy(() -> RandAugment.parse("rand-n14-w0")).hasMessageContaining("there are 13");
        assertThatThrownBy(() -> RandAugment.parse("augmix-m3")).isInstanceOf(UserException.class);
    }

    @Test
    void increasingSetIsTheReleases() throws IOException {
        List<String> names = new ArrayList<>();
        for (JsonNode name : ReferenceCase.require("preprocess").values().get("rand_increasing_transforms")) {
            names.add(name.textValue());
        }
        assertThat(RandAugment.parse("rand-inc1").operations().stream().map(AugmentOp::label))
                .containsExactlyElementsOf(names);
    }

    @Test
    void weightsPreferGeometryAndRepeatNothing() {
        RandAugment rule = RandAugment.parse("rand-m7-n3-w0-inc1");
        Map<AugmentOp, Integer> first = new EnumMap<>(AugmentOp.class);
        for (int clip = 0; clip < 4000; clip++) {
            List<AugmentStep> steps = rule.draw(RandomStream.of(3, clip), 224);
            assertThat(steps.stream().map(AugmentStep::op)).doesNotHaveDuplicates();
            steps.forEach(step -> first.merge(step.op(), 1, Integer::sum));
        }
        assertThat(first).doesNotContainKeys(AugmentOp.INVERT, AugmentOp.POSTERIZE_INCREASING);
        assertThat(first.getOrDefault(AugmentOp.ROTATE, 0))
                .isGreaterThan(4 * first.getOrDefault(AugmentOp.AUTO_CONTRAST, 0));
        assertThat(first).hasSize(13);
    }

    @Test
    void aFirstOperationComesAsOftenAsItsWeightSays() {
        RandAugment rule = RandAugment.parse("rand-m7-n1-w0");
        int drawn = 0;
        int rotations = 0;
        for (int clip = 0; clip < 8000; clip++) {
            for (AugmentStep step : rule.draw(RandomStream.of(5, clip), 224)) {
                drawn++;
                rotations += step.op() == AugmentOp.ROTATE ? 1 : 0;
            }
        }
        // Four standard deviations of a share of 0.3 among about 4000.
        assertThat(rotations / (double) drawn).isCloseTo(0.3, within(0.03));
    }
}
