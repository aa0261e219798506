package org.s2d.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.s2d.tensor.UserException;

class CosineScheduleTest {
    @Test
    void warmsUpLinearlyWithBothEndsIncludedAndThenFallsWithoutReachingTheEnd() {
        CosineSchedule schedule = CosineSchedule.ofEpochs(1, 0.1, 3, 5, 1, -1, 0);
        assertThat(schedule.at(0)).isZero();
        assertThat(schedule.at(1)).isEqualTo(0.25);
        assertThat(schedule.at(4)).isEqualTo(1);
        assertThat(schedule.at(5)).isEqualTo(1);
        assertThat(schedule.at(10)).isCloseTo(0.55, within(1e-12));
        assertThat(schedule.at(14)).isGreaterThan(0.1).isEqualTo(schedule.at(15));
    }

    @Test
    void warmupStepsReplaceEpochsEvenWhereThereAreNone() {
        CosineSchedule schedule = CosineSchedule.ofEpochs(1, 0, 2, 5, 0, 3, 0.5);
        assertThat(schedule.at(0)).isEqualTo(0.5);
        assertThat(schedule.at(2)).isEqualTo(1);
        assertThat(schedule.at(3)).isEqualTo(1);
    }

    @Test
    void warmupLongerThanTheRunIsRefused() {
        assertThatThrownBy(() -> CosineSchedule.ofEpochs(1, 0, 1, 5, 2, -1, 0)).isInstanceOf(UserException.class);
    }
}
