package org.s2d.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.prepare.DatasetWriter;
import org.s2d.predict.Recognizer;

/** {@code ./s2d predict} of one photograph, from the start of the process to its end. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 1, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class ColdStartBenchmark {
    private static final String CLASS = "a";

    /** Models of photographs, tiny and of base size, and one of clips of base size, which sees 16 frames that are the same. */
    @Param({"tiny", "base", "clips"})
    public String model = "tiny";

    private Path checkpoint;
    private Path photo;

    @Setup(Level.Trial)
    public void create() throws IOException, InterruptedException {
        checkpoint = switch (model) {
            case "tiny" -> ModelFiles.tinyPth();
            case "base" -> ModelFiles.imagePth();
            default -> ModelFiles.basePth();
        };
        photo = Path.of("target", "bench", "photo.jpg");
        Files.write(photo, DatasetWriter.jpeg(pattern().toBufferedImage()));
        double ours;
        try (Recognizer recognizer = Recognizer.load(checkpoint)) {
            ours = recognizer.predict(List.of(ImageFile.read(photo))).probability(CLASS);
        }
        JsonNode answer = new ObjectMapper().readTree(predict());
        if (!(Math.abs(answer.findValue(CLASS).asDouble() - ours) < 1e-5)) { // written so that NaN fails
            throw new IllegalStateException("predict says " + answer + ", the library " + ours);
        }
    }

    private static Image pattern() {
        Image image = Image.blank(224, 224);
        for (int i = 0; i < image.rgb().length; i++) {
            image.rgb()[i] = (byte) (i / 7 % 251);
        }
        return image;
    }

    private String predict() throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        "./s2d",
                        "predict",
                        photo.toString(),
                        "--cropped",
                        "--format",
                        "json",
                        "--model",
                        "" + checkpoint)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IllegalStateException("predict failed: exit code " + process.exitValue());
        }
        return answer;
    }

    @Benchmark
    public String predict(Meter meter, Work work) throws IOException, InterruptedException {
        String answer = predict();
        Children used = Children.now();
        work.elsewhere = used.processorSeconds();
        work.residentElsewhere = OptionalDouble.of(used.peakResident());
        return answer;
    }
}
