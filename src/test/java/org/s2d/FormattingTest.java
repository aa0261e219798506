package org.s2d;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class FormattingTest {
    @Test
    void sourcesAreFormatted() throws Exception {
        List<String> unformatted = new ArrayList<>();
        for (Path path : Formatting.sources(Path.of(""))) {
            String source = Files.readString(path);
            if (!Formatting.format(source).equals(source)) {
                unformatted.add(path.toString());
            }
        }
        assertThat(unformatted).as("run: mvn test-compile exec:exec@format").isEmpty();
    }
}
