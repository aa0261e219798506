package org.s2d.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.SharedData;
import org.s2d.data.image.Image;
import org.s2d.predict.Recognizer;
import org.s2d.train.TinyClips;
import org.s2d.train.Trainer;
import org.s2d.train.config.ConfigReader;

class PredictCommandTest {
    @TempDir
    static Path folder;

    private static Path clips;
    private static Path model;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @BeforeAll
    static void train() throws IOException {
        clips = Files.createDirectories(folder.resolve("data"));
        Path list = TinyClips.write(clips, 6);
        List<String> settings = TinyClips.settings(list, folder.resolve("run"));
        settings.add("train.epochs=1");
        new Trainer(ConfigReader.read(null, settings), new PrintWriter(Writer.nullWriter()), () -> false).run(null);
        model = folder.resolve("run/best.pth");
    }

    private int run(Object... arguments) {
        String[] texts = Arrays.stream(arguments).map(Object::toString).toArray(String[]::new);
        return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), texts);
    }

    private static Path clip(String name) {
        return SharedData.require("data/clips/" + name);
    }

    @Test
    void picturesOfFacesAndFoldersOfFramesAsJson() throws Exception {
        Path photo = clips.resolve("clip1/f2.png");
        assertThat(run("predict", clips.resolve("clip0"), photo, "--cropped", "--model", model, "--format", "json"))
                .isZero();
        JsonNode files = new ObjectMapper().readTree(out.toString());
        assertThat(files).hasSize(2);
        for (JsonNode file : files) {
            assertThat(file.get("faces")).hasSize(1);
            JsonNode overall = file.get("faces").get(0).get("overall");
            double sum = overall.get("rising").asDouble()
                    + overall.get("falling").asDouble()
                    + overall.get("still").asDouble();
            assertThat(sum).isBetween(0.999999, 1.000001);
        }
        assertThat(files.get(0).get("frames").asInt()).isEqualTo(4);
    }

    @Test
    void picturesOfFacesAreSeenAsInAnEvaluation() throws Exception {
        Image picture = Image.blank(37, 37);
        for (int i = 0; i < picture.rgb().length; i++) {
            picture.rgb()[i] = (byte) (i / 7 % 251);
        }
        Path photo = folder.resolve("photo.png");
        ImageIO.write(picture.toBufferedImage(), "png", photo.toFile());
        assertThat(run("predict", photo, "--cropped", "--model", model, "--format", "json"))
                .isZero();
        try (Recognizer recognizer = Recognizer.load(model)) {
            double alone = recognizer.predict(List.of(picture)).probability("rising");
            assertThat(new ObjectMapper()
                            .readTree(out.toString())
                            .findValue("rising")
                            .asDouble())
                    .isEqualTo(alone);
        }
    }

    @Test
    void oneBadFileDoesNotCostTheOthersTheirResults() throws IOException {
        Path bad = Files.writeString(folder.resolve("bad.jpg"), "no picture");
        Path out1 = folder.resolve("out1");
        Path good = clips.resolve("clip1/f2.png");
        assertThat(run("predict", bad, good, "--cropped", "--model", model, "--output", out1))
                .isEqualTo(Main.BAD_INPUT);
        assertThat(err.toString()).contains("bad.jpg").contains("1 of 2 files");
        assertThat(Files.readString(out1.resolve("predictions.csv"))).contains("f2.png,0,all,");
        assertThat(ImageIO.read(out1.resolve("f2.png").toFile()).getWidth()).isEqualTo(480);
    }

    @Test
    void aFileThatDoesNotExistIsToldBeforeTheModelIsLoaded() {
        assertThat(run("predict", folder.resolve("none.mp4"), "--model", folder.resolve("none.pth")))
                .isEqualTo(Main.BAD_INPUT);
        assertThat(err.toString()).contains("none.mp4: no such file").hasLineCount(1);
    }

    @Test
    void aVideoGetsATimeLineAndIsDrawn() throws IOException {
        Path drawn = folder.resolve("out2");
        assertThat(run("predict", clip("pyfeat_face_noface_h264.mp4"), "--model", model, "--output", drawn))
                .isZero();
        assertThat(out.toString()).contains("face 0  0.00 - ");
        List<String> rows = Files.readAllLines(drawn.resolve("predictions.csv"));
        assertThat(rows.getFirst()).isEqualTo("file,face,window,start,end,label,confidence,falling,rising,still");
        assertThat(rows).hasSizeGreaterThan(3);
        assertThat(drawn.resolve("pyfeat_face_noface_h264.mp4")).isNotEmptyFile();
        assertThat(drawn.resolve("pyfeat_face_noface_h264.mp4.part")).doesNotExist();
    }

    @Test
    void aVideoWithoutFacesSaysSo() {
        assertThat(run("predict", clip("pyfeat_no_face.mp4"), "--model", model))
                .as(err.toString())
                .isZero();
        assertThat(out.toString()).contains("no face found");
    }

    @Test
    void aCorruptVideoIsOneLine() throws IOException {
        Path cut = Files.write(
                folder.resolve("cut.mp4"), Arrays.copyOf(Files.readAllBytes(clip("pyfeat_single_face.mp4")), 9000));
        assertThat(run("predict", cut, "--model", model)).isEqualTo(Main.BAD_INPUT);
        assertThat(err.toString().lines().filter(line -> line.contains("cut.mp4")))
                .hasSize(1);
        assertThat(err.toString()).doesNotContain("Exception");
    }
}
