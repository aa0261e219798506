package org.s2d.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class TicksTest {
    @Test
    void endsAreRoundedOutwardsToTicks() {
        Ticks ticks = Ticks.around(0.13, 2.31, 5);
        assertThat(ticks.labels()).containsExactly("0.0", "0.5", "1.0", "1.5", "2.0", "2.5");
        assertThat(ticks.low()).isZero();
        assertThat(ticks.high()).isEqualTo(2.5);
    }

    @Test
    void smallValuesShareAFactor() {
        Ticks ticks = Ticks.around(0, 2.5e-5, 5);
        assertThat(ticks.factor()).isEqualTo("×1e-5");
        assertThat(ticks.labels()).containsExactly("0.0", "0.5", "1.0", "1.5", "2.0", "2.5");
        assertThat(ticks.values().get(1)).isCloseTo(5e-6, within(1e-12));
    }

    @Test
    void wholeAxesNeverShowFractions() {
        assertThat(Ticks.whole(1, 3, 8).labels()).containsExactly("1", "2", "3");
        assertThat(Ticks.whole(0, 40_000, 8).labels()).contains("0", "20000", "40000");
    }

    @Test
    void constantAndMissingDataStillMakeAnAxis() {
        assertThat(Ticks.around(3, 3, 5).low()).isLessThan(3);
        assertThat(Ticks.around(0, 0, 5).labels()).contains("0.0");
        assertThat(Ticks.around(Double.NaN, Double.NaN, 5).values()).hasSizeGreaterThan(1);
    }

    @Test
    void noTickIsCalledMinusZero() {
        assertThat(Ticks.around(-0.3, 0.3, 6).labels()).contains("0.0").doesNotContain("-0.0");
    }

    @Test
    void powersOfTenEncloseTheData() {
        Ticks ticks = Ticks.powersOfTen(3e-7, 0.02);
        assertThat(ticks.low()).isEqualTo(1e-7);
        assertThat(ticks.high()).isEqualTo(0.1);
        assertThat(ticks.labels()).contains("1e-7").hasSameSizeAs(ticks.values());
    }
}
