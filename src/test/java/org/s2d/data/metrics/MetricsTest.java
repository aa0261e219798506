package org.s2d.data.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.data.ReferenceCase;
import org.s2d.data.random.RandomStream;
import org.s2d.tensor.UserException;

class MetricsTest {
    @TempDir
    private Path folder;

    private static int[] ints(JsonNode node) {
        return new ObjectMapper().convertValue(node, int[].class);
    }

    private static long[][] longs(JsonNode node) {
        return new ObjectMapper().convertValue(node, long[][].class);
    }

    @Test
    void mergesTheReleasesScoreFileAsItDoes() throws IOException {
        ReferenceCase reference = ReferenceCase.require("metrics");
        JsonNode expected = reference.values().get("merge");
        List<ViewScore> views = ScoreFile.read(reference.folder().resolve("0.txt"));
        MergedScores merged = MergedScores.of(views);
        assertThat(views.size()).as("views, duplicates included").isGreaterThan(14 * 4);
        assertThat(merged.topK(1) * 100).isCloseTo(expected.get("top1_percent").doubleValue(), within(1e-12));
        assertThat(merged.topK(5) * 100).isCloseTo(expected.get("top5_percent").doubleValue(), within(1e-12));
        ConfusionMatrix matrix = merged.confusion(7);
        assertThat(matrix.uar()).isCloseTo(expected.get("uar").doubleValue(), within(1e-12));
        assertThat(matrix.war()).isCloseTo(expected.get("war").doubleValue(), within(1e-12));
        assertThat(matrix.weightedF1()).isCloseTo(expected.get("weighted_f1").doubleValue(), within(1e-12));
        assertThat(matrix.microF1()).isCloseTo(expected.get("micro_f1").doubleValue(), within(1e-12));
        assertThat(matrix.macroF1()).isCloseTo(expected.get("macro_f1").doubleValue(), within(1e-12));
        double[] probabilities =
                reference.tensor("metrics.safetensors", "merged_prob").values();
        double[] low = reference.tensor("metrics.safetensors", "merged_prob.lo").values();
        for (int c = 0; c < 7; c++) {
            assertThat(matrix.recall(c))
                    .isCloseTo(expected.get("class_acc").get(c).doubleValue(), within(1e-12));
            for (int i = 0; i < 14; i++) {
                assertThat(merged.probabilities()[i][c])
                        .isCloseTo(probabilities[i * 7 + c] + low[i * 7 + c], within(1e-12));
            }
        }
        double[] confusion =
                reference.tensor("metrics.safetensors", "confusion").values();
        double[] predictions = reference.tensor("metrics.safetensors", "pred").values();
        for (int i = 0; i < 49; i++) {
            assertThat((double) matrix.count(i / 7, i % 7)).isEqualTo(confusion[i]);
        }
        assertThat(merged.predictions())
                .isEqualTo(Arrays.stream(predictions)
                        .mapToInt(value -> (int) value)
                        .toArray());
    }

    @Test
    void classesWithoutSamplesAreLeftOutOfUar() throws IOException {
        JsonNode expected = ReferenceCase.require("metrics").values().get("absent_class");
        ConfusionMatrix matrix = ConfusionMatrix.of(ints(expected.get("y")), ints(expected.get("p")), 4);
        assertThat(matrix.counts()).isDeepEqualTo(longs(expected.get("confusion")));
        assertThat(matrix.absentClasses()).containsExactly(3);
        assertThat(matrix.recall(3)).isNaN();
        assertThat(matrix.uar()).isCloseTo((0.5 + 1 + 1) / 3, within(1e-12));
        assertThat(matrix.weightedF1()).isCloseTo(expected.get("weighted_f1").doubleValue(), within(1e-12));
        assertThat(matrix.macroF1()).isCloseTo(expected.get("macro_f1").doubleValue(), within(1e-12));
        assertThat(matrix.microF1()).isCloseTo(expected.get("micro_f1").doubleValue(), within(1e-12));
    }

    @Test
    void macroF1CountsClassesThatOccur() throws IOException {
        JsonNode expected = ReferenceCase.require("metrics").values().get("labels_subset");
        ConfusionMatrix matrix = ConfusionMatrix.of(ints(expected.get("y")), ints(expected.get("p")), 7);
        assertThat(matrix.macroF1()).isCloseTo(expected.get("macro_f1").doubleValue(), within(1e-12));
    }

    @Test
    void copiesWeighLikeRepeatedViews() {
        ViewScore first = new ViewScore("a", new double[] {1, 0}, 0, 0, 0, 3);
        ViewScore second = new ViewScore("a", new double[] {0, 4}, 0, 1, 0, 1);
        double expected = (3 * first.probabilities()[0] + second.probabilities()[0]) / 4;
        MergedScores merged = MergedScores.of(List.of(first, second, first));
        assertThat(merged.probabilities()[0][0]).isCloseTo(expected, within(1e-15));
    }

    @Test
    void largeLogitsDoNotOverflow() {
        double[] probabilities = new ViewScore("a", new double[] {1000, 1000, -1000}, 0, 0, 0, 1).probabilities();
        assertThat(probabilities).containsExactly(0.5, 0.5, 0);
    }

    @Test
    void damagedScoreFilesNameTheLine() throws IOException {
        assertRefused("0, 0\na [1, 2] 0 0 0\na [1, x] 0 0 1\n", ":3: logits are not numbers");
        assertRefused("0, 0\na [1, 2] 0 0\n", ":2: expected 'id [logits] label chunk split'");
        assertRefused("0, 0\na [1, 2] 2 0 0\n", ":2: label 2, but there are 2 logits");
        assertRefused("0, 0\na [1, 2] 1 0 0\nb [1] 0 0 0\n", ":3: 1 logits, 2 in the lines before");
        assertRefused("0, 0\n", ": no scores");
    }

    private void assertRefused(String text, String message) throws IOException {
        Path file = Files.writeString(folder.resolve("0.txt"), text);
        assertThatThrownBy(() -> ScoreFile.read(file))
                .isInstanceOf(UserException.class)
                .hasMessageContaining(file + message);
    }

    @Test
    void wilsonIntervalHasItsKnownValues() {
        Interval interval = Interval.wilson(81, 263);
        assertThat(interval.low()).isCloseTo(0.2553, within(1e-4));
        assertThat(interval.high()).isCloseTo(0.3662, within(1e-4));
        assertThat(Interval.wilson(0, 10).low()).isZero();
        assertThat(Interval.wilson(10, 10).high()).isEqualTo(1);
    }

    @Test
    void bootstrapSurroundsTheScoreAndNarrowsWithSamples() {
        Interval few = Interval.bootstrap(random(100), ConfusionMatrix::uar, 500, 1);
        ConfusionMatrix many = random(5000);
        Interval narrow = Interval.bootstrap(many, ConfusionMatrix::uar, 500, 1);
        assertThat(many.uar()).isBetween(narrow.low(), narrow.high());
        assertThat(narrow.high() - narrow.low())
                .isLessThan((few.high() - few.low()) / 4)
                .isPositive();
        assertThat(Interval.bootstrap(many, ConfusionMatrix::uar, 500, 1)).isEqualTo(narrow);
    }

    /** Three classes, right in about seven of ten cases. */
    private static ConfusionMatrix random(int samples) {
        RandomStream stream = RandomStream.of(2);
        int[] labels = new int[samples];
        int[] predictions = new int[samples];
        for (int i = 0; i < samples; i++) {
            labels[i] = stream.nextInt(3);
            predictions[i] = stream.chance(0.55) ? labels[i] : stream.nextInt(3);
        }
        return ConfusionMatrix.of(labels, predictions, 3);
    }
}
