package org.s2d.data.augment;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.s2d.data.ReferenceCase;
import org.s2d.data.random.Draws;
import org.s2d.data.random.RandomStream;

class CropBoxTest {
    /** Plays recorded draws: for a range the value itself, for integers the result. */
    @SuppressWarnings("ArrayRecordComponent") // a counter
    private record Replay(JsonNode values, int[] at) implements Draws {
        private double take() {
            return values.get(at[0]++).doubleValue();
        }

        @Override
        public double nextDouble() {
            throw new UnsupportedOperationException();
        }

        @Override
        public int nextInt(int bound) {
            return (int) take();
        }

        @Override
        public double nextGaussian() {
            throw new UnsupportedOperationException();
        }

        @Override
        public double uniform(double low, double high) {
            return take();
        }
    }

    @Test
    void drawsTheReleasesBoxesFromItsDraws() throws IOException {
        JsonNode rows = ReferenceCase.require("preprocess").json("crop_boxes.json");
        assertThat(rows).isNotEmpty();
        for (JsonNode row : rows) {
            Replay replay = new Replay(row.get("draws"), new int[1]);
            CropBox box = CropBox.draw(
                    replay,
                    new double[] {0.08, 1},
                    new double[] {0.75, 1.3333},
                    row.get("H").intValue(),
                    row.get("W").intValue());
            JsonNode expected = row.get("ijhw");
            assertThat(new int[] {box.top(), box.left(), box.height(), box.width()})
                    .containsExactly(
                            expected.get(0).intValue(),
                            expected.get(1).intValue(),
                            expected.get(2).intValue(),
                            expected.get(3).intValue());
            assertThat(replay.at[0])
                    .as("all draws used")
                    .isEqualTo(row.get("draws").size());
        }
    }

    @Test
    void boxesStayInsideTheFrame() {
        RandomStream stream = RandomStream.of(4);
        for (int i = 0; i < 1000; i++) {
            CropBox box = CropBox.draw(stream, new double[] {0.08, 1}, new double[] {0.75, 4.0 / 3}, 50, 70);
            assertThat(box.top() >= 0 && box.top() + box.height() <= 50).isTrue();
            assertThat(box.left() >= 0 && box.left() + box.width() <= 70).isTrue();
        }
    }
}
