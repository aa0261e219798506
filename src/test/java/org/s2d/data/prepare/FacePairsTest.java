package org.s2d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.tensor.UserException;

class FacePairsTest {
    @TempDir
    Path photos;

    @TempDir
    Path out;

    private final StringBuilder annotations = new StringBuilder("file,label,split,person,corpus\n");
    private final StringBuilder pairs = new StringBuilder("person,neutral_file,peak_file,label,split\n");
    private final StringBuilder landmarks = new StringBuilder("file");

    @BeforeEach
    void makePhotographs() throws IOException {
        for (int i = 0; i < 68; i++) {
            landmarks.append(",x").append(i).append(",y").append(i);
        }
        landmarks.append('\n');
        int shade = 40;
        for (String split : PairPlan.SPLITS) {
            for (String label : List.of("neutral", "neutral2", "happiness", "contempt", "fear")) {
                photograph(split + "_ann", label, split, shade += 9);
            }
            photograph(split + "_bob", "neutral", split, shade);
            photograph(split + "_bob", "happiness", split, shade);
            for (String label : List.of("happiness", "contempt", "fear")) {
                pair(split + "_ann", label, split);
            }
            pair(split + "_bob", "happiness", split);
        }
        save();
    }

    private void photograph(String person, String label, String split, int shade) throws IOException {
        BufferedImage image = new BufferedImage(40, 40, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(new Color(shade, 20, 220 - shade));
        graphics.fillOval(6 + shade / 20, 6, 24, 28);
        String file = "images/" + person + "_" + label + ".png";
        Files.createDirectories(photos.resolve("images"));
        ImageIO.write(image, "png", photos.resolve(file).toFile());
        String row = file + "," + label.replace("2", "") + "," + split + "," + person + ",lfw\n";
        annotations.append(row);
        landmarks.append(file);
        for (int i = 0; i < 68; i++) {
            landmarks
                    .append(",")
                    .append(6 + (i % 9) * 3 + shade / 20.0)
                    .append(",")
                    .append(8 + Math.floorDiv(i, 9) * 3);
        }
        landmarks.append('\n');
    }

    private void pair(String person, String label, String split) {
        pairs.append(person + ",images/" + person + "_neutral.png,images/" + person + "_" + label + ".png," + label
                + "," + split + "\n");
    }

    private void save() throws IOException {
        Files.writeString(photos.resolve("annotations.csv"), annotations);
        Files.writeString(photos.resolve("pairs.csv"), pairs);
        Files.writeString(photos.resolve("landmarks68.csv"), landmarks);
    }

    private FacePairs.Summary write(Path folder, FacePairs.Options options) {
        return FacePairs.write(FacePairs.Source.of(photos), folder, options, Progress.NONE);
    }

    @Test
    void clipsAndImagesAreListedWithTheirFrames() throws IOException {
        FacePairs.Summary summary = write(out, FacePairs.Options.defaults(1).withSize(32));
        assertThat(summary.classes()).containsExactly("neutral", "happiness", "fear");
        assertThat(Files.readAllLines(out.resolve("classes.txt"))).isEqualTo(summary.classes());
        assertThat(summary.clips().get("train")).isEqualTo(Map.of("neutral", 1, "happiness", 2, "fear", 1));
        assertThat(summary.images().get("test")).isEqualTo(Map.of("neutral", 3, "happiness", 2, "fear", 1));
        List<String> rows = Files.readAllLines(out.resolve("train.csv"));
        assertThat(rows).hasSize(1 + 4).startsWith("path,label", "clips/train/train_ann_happiness,happiness");
        for (String row : rows.subList(1, rows.size())) {
            try (var frames = Files.list(out.resolve(row.substring(0, row.indexOf(','))))) {
                assertThat(frames).hasSize(16);
            }
        }
        for (String row : Files.readAllLines(out.resolve("images_val.csv")).subList(1, 7)) {
            assertThat(ImageIO.read(out.resolve(row.split(",", -1)[0]).toFile()).getWidth())
                    .isEqualTo(32);
        }
    }

    @Test
    void framesLoseTheirColourUnlessItIsWanted() throws IOException {
        FacePairs.Options grey = FacePairs.Options.defaults(1);
        write(out, grey);
        Path frame = out.resolve("clips/train/train_ann_happiness/05.jpg");
        assertThat(colourfulness(frame)).isLessThan(3);
        write(out, new FacePairs.Options(1, 16, 0, false, grey.transition(), grey.drop(), Map.of(), 0.5, false));
        assertThat(colourfulness(frame)).isGreaterThan(50);
    }

    @Test
    void neutralClipsPreferTwoPhotographsAndSayWhenThereIsOne() throws IOException {
        FacePairs.Options some = FacePairs.Options.defaults(1);
        FacePairs.Options many =
                new FacePairs.Options(1, 4, 0, true, some.transition(), some.drop(), Map.of(), 2, false);
        FacePairs.Summary summary = write(out, many);
        List<String> origins = Files.readAllLines(out.resolve("clips.csv"));
        assertThat(origins.stream().filter(row -> row.contains(",train_ann,neutral-pair,")))
                .hasSize(2);
        assertThat(origins.stream().filter(row -> row.contains(",train_bob,neutral-single,")))
                .hasSize(1);
        assertThat(summary.notes()).anyMatch(note -> note.startsWith("3 neutral clips move between a photograph"));
    }

    @Test
    void theSameSeedWritesTheSameBytes(@TempDir Path again, @TempDir Path other) throws IOException {
        write(out, FacePairs.Options.defaults(1));
        write(again, FacePairs.Options.defaults(1));
        write(other, FacePairs.Options.defaults(2));
        assertThat(content(again)).isEqualTo(content(out));
        assertThat(content(other)).isNotEqualTo(content(out));
    }

    @Test
    void classesCanBeMergedAndLeftOut() throws IOException {
        FacePairs.Options options =
                FacePairs.Options.defaults(1).withClasses(Set.of("contempt"), Map.of("fear", "surprise"));
        assertThat(write(out, options).classes()).containsExactly("neutral", "happiness", "surprise");
        assertThat(Files.readString(out.resolve("images_train.csv"))).doesNotContain("fear\n", "contempt");
    }

    @Test
    void withoutLandmarksClipsFadeAndTheSummarySaysSo() throws IOException {
        Files.delete(photos.resolve("landmarks68.csv"));
        assertThat(write(out, FacePairs.Options.defaults(1)).notes()).anyMatch(note -> note.contains("cross-fades"));
    }

    @Test
    void missingFilesAndColumnsAreOneLineAndNothingIsWritten() throws IOException {
        Files.delete(photos.resolve("images/val_ann_fear.png"));
        refused("annotations.csv:13: image ", "val_ann_fear.png does not exist");
        assertThat(out.resolve("train.csv")).doesNotExist();
        Files.writeString(photos.resolve("annotations.csv"), "file,label\n");
        refused("annotations.csv:1: found no column \"split\"");
        Files.delete(photos.resolve("annotations.csv"));
        refused("annotations.csv: not found");
    }

    @Test
    void aPersonInTwoSplitsIsRefused() throws IOException {
        pair("train_ann", "happiness", "test");
        save();
        refused("pairs.csv:14: found train_ann in split test and before in train");
    }

    @Test
    void damagedLandmarksAndPhotographsAreNamed() throws IOException {
        Files.writeString(photos.resolve("images/test_bob_neutral.png"), "");
        refused("test_bob_neutral.png");
        Files.writeString(
                photos.resolve("landmarks68.csv"), landmarks.toString().replaceFirst(",8,", ",oops,"));
        refused("landmarks68.csv:2: found \"oops\" as y0, expected a number");
    }

    private void refused(String... parts) {
        ThrowingCallable call = () -> write(out, FacePairs.Options.defaults(1));
        assertThatThrownBy(call)
                .isInstanceOf(UserException.class)
                .hasMessageContainingAll(parts)
                .hasMessageNotContaining("\n");
    }

    private static int colourfulness(Path frame) throws IOException {
        BufferedImage image = ImageIO.read(frame.toFile());
        Color colour = new Color(image.getRGB(20, 20));
        return Math.abs(colour.getRed() - colour.getGreen()) + Math.abs(colour.getBlue() - colour.getGreen());
    }

    private static Map<String, Integer> content(Path root) throws IOException {
        try (var files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .collect(Collectors.toMap(
                            file -> root.relativize(file).toString(), FacePairsTest::hash, (a, b) -> a, TreeMap::new));
        }
    }

    private static int hash(Path file) {
        try {
            return Arrays.hashCode(Files.readAllBytes(file));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
