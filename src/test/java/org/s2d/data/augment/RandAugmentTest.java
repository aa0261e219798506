package org.s2d.data.augment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.s2d.data.ReferenceCase;
import org.s2d.tensor.UserException;

class RandAugmentTest {
    @Test
    void readsTheRecipe() {
        assertThat(RandAugment.parse("rand-m7-n4-mstd0.5-inc1")).isEqualTo(new RandAugment(7, 0.5, 4, true));
        assertThat(RandAugment.parse("rand-m9-inc0")).isEqualTo(new RandAugment(9, 0, 2, false));
    }

    @Test
    void refusesWhatItDoesNotUnderstand() {
        assertThatThrownBy(() -> RandAugment.parse("rand-m7-x3"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("'x3' is not understood");
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
}
