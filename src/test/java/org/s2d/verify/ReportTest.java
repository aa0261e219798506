package org.s2d.verify;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.tensor.Shape;

class ReportTest {
    private static final Shape SCALAR = Shape.of(1);

    @TempDir
    Path folder;

    /** Ours is off by {@code error}, PyTorch by 1e-9, both relative. */
    private static Report.Row row(Report report, double error) {
        report.check("video/aux", SCALAR, new double[] {1 + error}, new double[] {1 + 1e-9}, new double[] {1});
        return report.rows().getFirst();
    }

    @Test
    void fourTimesTheFloorIsAllowedWherePyTorchIsExact() {
        assertThat(row(new Report(null, null), 0.9e-6).passed()).isTrue();
        assertThat(row(new Report(null, null), 1.1e-6).passed()).isFalse();
    }

    @Test
    void fourTimesThePyTorchErrorOverSeveralDrawsIsAllowed() throws IOException {
        Yardstick draws = yardstick("{\"relative_l2_error\": {\"video/aux\": 1e-6}}");
        assertThat(row(new Report(null, draws), 3.9e-6).passed()).isTrue();
        assertThat(row(new Report(null, draws), 4.1e-6).passed()).isFalse();
    }

    @Test
    void drawsOfOtherTensorsChangeNothing() throws IOException {
        Yardstick draws = yardstick("{\"relative_l2_error\": {\"image/aux\": 1e-6}}");
        assertThat(row(new Report(null, draws), 1.1e-6).passed()).isFalse();
    }

    @Test
    void anErrorThatIsNotANumberFails() {
        assertThat(row(new Report(null, null), Double.NaN).passed()).isFalse();
    }

    private Yardstick yardstick(String json) throws IOException {
        Path file = Files.writeString(folder.resolve("yardstick_fp32.json"), json);
        return Objects.requireNonNull(Yardstick.find(List.of(file)));
    }
}
