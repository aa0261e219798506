package org.s2d.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.data.image.ImageFile;
import org.s2d.report.ConfusionMatrixChart;

class StopSignalTest {
    private static final int CODE = 5;

    @TempDir
    Path folder;

    /** A process that is told to stop, and uses pictures for the first time only then. */
    static final class Child {
        private Child() {}

        public static void main(String[] arguments) throws InterruptedException {
            StopSignal signal = StopSignal.install();
            System.out.println("ready");
            while (!signal.requested()) {
                Thread.sleep(5);
            }
            Path picture = Path.of(arguments[0]);
            new ConfusionMatrixChart("title", List.of("a", "b"), new long[][] {{3, 1}, {0, 2}}).write(picture);
            System.out.println("wrote " + ImageFile.read(picture).width());
            signal.close(CODE);
        }
    }

    @Test
    void afterTheSignalPicturesCanStillBeWrittenAndRead() throws IOException, InterruptedException {
        Path picture = folder.resolve("chart.png");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djava.awt.headless=true",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Child.class.getName(),
                        picture.toString())
                .redirectErrorStream(true)
                .start();
        try (BufferedReader out = process.inputReader()) {
            assertThat(out.readLine()).isEqualTo("ready");
            process.toHandle().destroy(); // Process.destroy would also close its output
            assertThat(out.readLine()).startsWith("wrote ");
        }
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(CODE);
        assertThat(Files.size(picture)).isPositive();
    }
}
