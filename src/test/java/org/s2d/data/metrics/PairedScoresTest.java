package org.s2d.data.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PairedScoresTest {
    /** Two classes; the most probable one has the probability given. */
    private static MergedScores scores(int[] labels, int[] predictions, double... confidence) {
        List<String> ids = new ArrayList<>();
        double[][] rows = new double[labels.length][2];
        for (int i = 0; i < labels.length; i++) {
            ids.add("clip" + i);
            double p = confidence.length == 0 ? 0.9 : confidence[i];
            rows[i][predictions[i]] = p;
            rows[i][1 - predictions[i]] = 1 - p;
        }
        return new MergedScores(ids, labels, rows);
    }

    @Test
    void clipsArePairedByName() {
        MergedScores first = scores(new int[] {0, 1, 1}, new int[] {0, 0, 1});
        MergedScores other = scores(new int[] {1, 1, 0}, new int[] {1, 1, 1});
        MergedScores second =
                new MergedScores(List.of("clip2", "clip1", "elsewhere"), other.labels(), other.probabilities());
        PairedScores pair = PairedScores.of(first, second, 2);
        assertThat(pair.labels()).containsExactly(1, 1);
        assertThat(pair.first()).containsExactly(0, 1);
        assertThat(pair.second()).containsExactly(1, 1);
        assertThat(pair.difference(ConfusionMatrix::war)).isEqualTo(0.5);
    }

    @Test
    void mcNemarIsTheExactBinomialTest() {
        // 10 clips: the first model alone is right on 1, the second alone on 7, both on 2.
        int[] labels = new int[10];
        int[] first = {0, 1, 1, 1, 1, 1, 1, 1, 0, 0};
        int[] second = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        PairedScores.McNemar test = new PairedScores(labels, first, second, 2).mcNemar();
        assertThat(test.onlyFirst()).isEqualTo(1);
        assertThat(test.onlySecond()).isEqualTo(7);
        // 2 * (C(8,0) + C(8,1)) / 2^8
        assertThat(test.p()).isCloseTo(2 * 9 / 256.0, within(1e-12));
        assertThat(new PairedScores(labels, first, first, 2).mcNemar().p()).isEqualTo(1);
        int[] many = new int[4000];
        int[] wrong = new int[4000];
        java.util.Arrays.fill(wrong, 0, 2000, 1);
        int[] otherwise = new int[4000];
        java.util.Arrays.fill(otherwise, 2000, 4000, 1);
        assertThat(new PairedScores(many, wrong, otherwise, 2).mcNemar().p()).isEqualTo(1);
    }

    @Test
    void thePairedBootstrapKnowsThatEqualModelsDoNotDiffer() {
        int[] labels = new int[200];
        int[] first = new int[200];
        int[] second = new int[200];
        for (int i = 0; i < 200; i++) {
            labels[i] = i % 2;
            first[i] = i % 5 == 0 ? 1 - labels[i] : labels[i];
            second[i] = i % 10 == 0 ? 1 - labels[i] : labels[i];
        }
        Interval none = new PairedScores(labels, first, first, 2).bootstrap(ConfusionMatrix::uar, 200, 1);
        assertThat(none.low()).isZero();
        assertThat(none.high()).isZero();
        PairedScores pair = new PairedScores(labels, first, second, 2);
        Interval better = pair.bootstrap(ConfusionMatrix::uar, 2000, 1);
        assertThat(pair.difference(ConfusionMatrix::uar)).isCloseTo(0.1, within(1e-12));
        // The second is right on 20 of 200 more: a normal interval is 0.1 +- 1.96 sqrt(0.1 * 0.9 / 200); within each
        // class
        // only even numbers i fail, so all of the variation lies in one of the two recalls.
        double half = 1.96 * Math.sqrt(0.2 * 0.8 / 100) / 2;
        assertThat(better.low()).isCloseTo(0.1 - half, within(0.012));
        assertThat(better.high()).isCloseTo(0.1 + half, within(0.012));
    }

    @Test
    void calibrationCountsConfidencesInTheirBins() {
        MergedScores scores = scores(new int[] {0, 0, 0, 1}, new int[] {0, 0, 1, 1}, 0.6, 0.55, 0.58, 1.0);
        Calibration calibration = Calibration.of(scores, 10);
        Calibration.Bin sixth = calibration.bins().get(5);
        assertThat(sixth.clips()).isEqualTo(3);
        assertThat(sixth.accuracy()).isCloseTo(2 / 3.0, within(1e-12));
        assertThat(sixth.confidence()).isCloseTo((0.6 + 0.55 + 0.58) / 3, within(1e-12));
        assertThat(calibration.bins().get(9).clips()).isEqualTo(1);
        // |2 - 1.73| of the four clips; the last bin is exact.
        assertThat(calibration.expectedError()).isCloseTo(0.27 / 4, within(1e-12));
        assertThat(calibration.overconfidence()).isCloseTo(-0.27 / 4, within(1e-12));
    }
}
