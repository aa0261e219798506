package org.s2d.data.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RepeatedScoresTest {
    private static final int CLIPS = 400;

    /** Two classes in turn; a decision is right for the first {@code right} of every ten clips, counted from each of the shifts. */
    private static RepeatedScores scores(int right, int... shifts) {
        int[] labels = new int[CLIPS];
        List<int[]> rows = new ArrayList<>();
        for (int i = 0; i < CLIPS; i++) {
            labels[i] = i / 10 % 2;
        }
        for (int shift : shifts) {
            int[] row = new int[CLIPS];
            for (int i = 0; i < CLIPS; i++) {
                row[i] = (i + shift) % 10 < right ? labels[i] : 1 - labels[i];
            }
            rows.add(row);
        }
        return new RepeatedScores(labels, rows, 2);
    }

    @Test
    void intervalOfOneModelIsThatOfAProportion() {
        RepeatedScores scores = scores(7, 0);
        assertThat(scores.mean(ConfusionMatrix::war)).isCloseTo(0.7, within(1e-12));
        Interval found = scores.interval(ConfusionMatrix::war, 2000, 1);
        // Normal approximation of a binomial proportion; its own error and the bootstrap's are well below 0.01.
        double half = 1.96 * Math.sqrt(0.7 * 0.3 / CLIPS);
        assertThat(found.low()).isCloseTo(0.7 - half, within(0.01));
        assertThat(found.high()).isCloseTo(0.7 + half, within(0.01));
    }

    @Test
    void seedsThatDifferWidenTheInterval() {
        int[] labels = scores(5, 0).labels();
        List<int[]> alike = List.of(
                scores(6, 0).predictions().getFirst(),
                scores(6, 0).predictions().getFirst());
        List<int[]> unlike = List.of(
                scores(4, 0).predictions().getFirst(),
                scores(8, 0).predictions().getFirst());
        Interval narrow = new RepeatedScores(labels, alike, 2).interval(ConfusionMatrix::uar, 1000, 2);
        Interval wide = new RepeatedScores(labels, unlike, 2).interval(ConfusionMatrix::uar, 1000, 2);
        assertThat(wide.high() - wide.low()).isGreaterThan(2 * (narrow.high() - narrow.low()));
    }

    @Test
    void aDifferenceOnTheSameClipsIsSharperThanTwoIntervals() {
        RepeatedScores better = scores(8, 0);
        RepeatedScores worse = scores(7, 0);
        Interval difference = better.difference(worse, ConfusionMatrix::war, 1000, 3);
        // The eighth of every ten clips decides: 0.1 with a standard error of sqrt(0.1 * 0.9 / 400).
        assertThat(difference.low()).isCloseTo(0.1 - 1.96 * 0.015, within(0.01));
        assertThat(difference.high()).isCloseTo(0.1 + 1.96 * 0.015, within(0.01));
        Interval none = better.difference(better, ConfusionMatrix::war, 200, 3);
        assertThat(none).isEqualTo(new Interval(0, 0));
    }

    @Test
    void otherClipsCannotBeCompared() {
        RepeatedScores scores = scores(7, 0);
        RepeatedScores other = new RepeatedScores(new int[] {1}, List.of(new int[] {1}), 2);
        assertThatThrownBy(() -> scores.difference(other, ConfusionMatrix::war, 10, 0))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new RepeatedScores(new int[2], List.of(new int[1]), 2))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
