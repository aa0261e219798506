package org.s2d.data;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.s2d.data.random.RandomStream;

class FrameSamplingTest {
    private static int[] ints(JsonNode node) {
        return new ObjectMapper().convertValue(node, int[].class);
    }

    @Test
    void choosesTheFramesOfTheRelease() throws IOException {
        int compared = 0;
        for (JsonNode row : ReferenceCase.require("preprocess").json("index_sampling.json")) {
            int frames = row.get("num_frames").intValue();
            int length = row.get("clip_len").intValue();
            int rate = row.get("rate").intValue();
            int[] indices = ints(row.get("indices"));
            if (row.get("mode").textValue().equals("test")) {
                assertThat(FrameSampling.test(frames, length, rate)).isEqualTo(indices);
                int[] starts = FrameSampling.segmentStarts(indices.length, length, 2);
                assertThat(starts).isEqualTo(ints(row.get("temporal_start")));
            } else if (row.get("randint").isEmpty()) {
                assertThat(FrameSampling.train(frames, length, rate, RandomStream.of(1)))
                        .isEqualTo(indices);
                assertThat(FrameSampling.validation(frames, length, rate)).isEqualTo(indices);
            } else {
                int end = row.get("randint").get(0).get(1).intValue();
                assertThat(FrameSampling.window(length, rate, end)).isEqualTo(indices);
            }
            compared++;
        }
        assertThat(compared).isGreaterThan(50);
    }

    @Test
    void validationTakesTheMiddleOfLongClips() {
        assertThat(FrameSampling.validation(20, 16, 1)).startsWith(2).endsWith(17);
        assertThat(FrameSampling.validation(101, 4, 10)).startsWith(30).endsWith(69);
    }

    @Test
    void trainingWindowsMoveButStayInside() {
        RandomStream stream = RandomStream.of(3);
        int[] starts = new int[200];
        for (int i = 0; i < starts.length; i++) {
            int[] indices = FrameSampling.train(20, 16, 1, stream);
            starts[i] = indices[0];
            assertThat(indices[15]).isEqualTo(starts[i] + 15).isLessThan(19);
        }
        assertThat(Arrays.stream(starts).distinct().sorted()).containsExactly(0, 1, 2, 3);
    }

    @Test
    void photographsRepeatTheirOnlyFrame() {
        assertThat(FrameSampling.train(1, 1, 1, RandomStream.of(1))).containsExactly(0);
        assertThat(FrameSampling.test(1, 3, 2)).containsExactly(0, 0, 0);
    }

    @Test
    void oneTestSegmentLiesInTheMiddle() {
        assertThat(FrameSampling.segmentStarts(20, 16, 1)).containsExactly(2);
        assertThat(FrameSampling.segmentStarts(10, 16, 1)).containsExactly(0);
    }
}
