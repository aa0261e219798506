package org.s2d.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.data.check.ClipProbe.Depth;
import org.s2d.data.check.Finding;
import org.s2d.data.check.Finding.Level;
import org.s2d.data.prepare.Progress;
import org.s2d.tensor.UserException;
import org.s2d.train.config.ConfigReader;
import org.s2d.train.config.TrainConfig;

/** Every kind of damage in data sets that were sound before. */
class DataCheckTest {
    @TempDir
    Path folder;

    private ShapedSets set = new ShapedSets(Path.of(""));

    @BeforeEach
    void newSet() {
        set = new ShapedSets(folder);
    }

    private DataReport check(String format, Depth depth, @Nullable Pattern person, String... more) {
        List<String> settings = set.settings(format, "train.csv", "test.csv", folder.resolve("run"));
        settings.addAll(List.of(more));
        TrainConfig config = ConfigReader.read(null, settings);
        return DataCheck.run(config, null, new DataCheck.Options(depth, person), Progress.NONE);
    }

    private DataReport check(String format, String... more) {
        return check(format, Depth.THREE, null, more);
    }

    /** Findings of a check in the first part. */
    private static List<Finding> of(DataReport report, String check) {
        return report.parts().getFirst().findings().stream()
                .filter(finding -> finding.check().equals(check))
                .toList();
    }

    private static void assertError(DataReport report, String check, String clip, String message) {
        assertThat(of(report, check)).as(report.text()).anySatisfy(finding -> {
            assertThat(finding.level()).isEqualTo(Level.ERROR);
            assertThat(finding.clip()).isEqualTo(clip);
            assertThat(finding.message()).contains(message);
        });
        assertThat(report.isSound()).isFalse();
    }

    private Path clip(String name) {
        return folder.resolve("Clip").resolve(name);
    }

    private void replace(String list, String from, String to) throws IOException {
        Path file = folder.resolve(list);
        String text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
    }

    @Test
    void soundSetsOfEveryShapeAreSoundAndTheReportSaysWhatWasLookedAt() throws IOException {
        set.mafw(33);
        DataReport report = check("mafw");
        assertThat(report.isSound()).as(report.text()).isTrue();
        assertThat(report.text())
                .contains("10 Surprise")
                .contains("99 of 132 were decoded")
                .contains("Nothing wrong found; 0 warnings")
                .contains("the same clips as in val");
        assertThat(check("mafw", Depth.ALL, null).text()).contains("132 of 132 were decoded (all frames)");
        JsonNode json = new ObjectMapper().readTree(report.json());
        assertThat(json.get("sound").asBoolean()).isTrue();
        assertThat(json.at("/parts/0/splits/train/classes/Anger").asInt()).isEqualTo(2);
    }

    @Test
    void videosInPlaceOfFramesAreToldClipByClipAndTheRestIsChecked() throws IOException {
        set.dfew(21, 1);
        Files.writeString(folder.resolve("Clip/film.mp4"), "video");
        Files.writeString(
                folder.resolve("train.csv"), "video_name,label\n00001.mp4,1\nfilm.mp4,2\n00003,3\ngone.mp4,7\n");
        Files.copy(folder.resolve("test_set_1.csv"), folder.resolve("test.csv"));
        DataReport report = check("dfew");
        assertError(report, "no frames yet", "film.mp4", "./s2d prepare");
        assertError(report, "missing", "gone.mp4", "does not exist");
        assertThat(report.parts().getFirst().splits().getFirst().list().size()).isEqualTo(4);
        assertThat(of(report, "leak: same clip")).extracting(Finding::clip).contains("00001");
    }

    @Test
    void foldsAreCheckedOneByOneAndEachClipOnce() throws IOException {
        set.dfew(21, 3);
        List<String> settings =
                set.settings("dfew", "train_set_{fold}.csv", "test_set_{fold}.csv", folder.resolve("run"));
        settings.add("data.folds=3");
        TrainConfig config = ConfigReader.read(null, settings);
        DataCheck.Options options = new DataCheck.Options(Depth.THREE, null);
        int[] last = new int[2];
        DataReport report = DataCheck.run(config, "all", options, (done, total) -> {
            last[0] = done;
            last[1] = total;
        });
        assertThat(last).containsExactly(21, 21);
        assertThat(report.parts()).hasSize(3);
        assertThat(report.isSound()).as(report.text()).isTrue();
        assertThat(report.text()).contains("class ids run from 1 to 7");
        Files.copy(
                folder.resolve("train_set_2.csv"),
                folder.resolve("test_set_2.csv"),
                StandardCopyOption.REPLACE_EXISTING);
        DataReport leaking = DataCheck.run(config, "2", options, Progress.NONE);
        assertError(leaking, "leak: same clip", "00001", "is in train too");
        assertThatThrownBy(() -> DataCheck.run(config, null, options, Progress.NONE))
                .hasMessageContaining("--fold all");
    }

    @Test
    void missingAndUnreadableClipsAreNamed() throws IOException {
        set.ferv39k(21);
        Path gone = clip("Crime/Angry/0000");
        delete(gone);
        Path cut = clip("Daily/Disgust/0001").resolve("00001.jpg");
        Files.write(cut, Arrays.copyOf(Files.readAllBytes(cut), 300));
        Files.write(clip("Crime/Fear/0002").resolve("00002.jpg"), new byte[0]);
        Path empty = clip("Daily/Happy/0003");
        delete(empty);
        Files.createDirectories(empty);
        DataReport report = check("ferv39k");
        assertError(report, "missing", "Crime/Angry/0000", "does not exist");
        assertError(report, "missing", "Daily/Happy/0003", "no frames");
        assertError(report, "unreadable", "Daily/Disgust/0001", "00001.jpg");
        assertError(report, "empty files", "Crime/Fear/0002", "00002.jpg");
    }

    @Test
    void aFrameInBetweenIsDecodedOnlyWhereAllAre() throws IOException {
        set.mafw(33);
        Files.write(clip("00004").resolve("00002.png"), new byte[] {1, 2, 3});
        assertThat(check("mafw").isSound()).isTrue();
        assertError(check("mafw", Depth.ALL, null), "unreadable", "00004", "00002.png");
    }

    @Test
    void labelsThatContradictTheFoldersAreFound() throws IOException {
        set.ferv39k(21);
        replace("train.csv", "Crime/Angry/0000,0", "Crime/Angry/0000,1");
        assertError(check("ferv39k"), "label mapping", "Crime/Angry/0000", "its label says Disgust");
        replace("train.csv", "path,id", "path,id\nCrime/Angry/0000,0");
        assertError(check("ferv39k"), "two labels", "Crime/Angry/0000", "Angry and Disgust");
        replace("train.csv", "Daily/Disgust/0001,1\n", "Daily/Disgust/0001,9\n");
        assertThat(of(check("ferv39k"), "list"))
                .anySatisfy(finding ->
                        assertThat(finding.message()).contains("train.csv:").contains("unknown label '9'"));
    }

    @Test
    void classesWithoutClipsAreErrorsInTrainingOnly() throws IOException {
        set.mafw(33);
        replace("train.csv", "00000,0\n", "");
        replace("train.csv", "00011,0\n", "");
        replace("test.csv", "00023,1\n", "");
        DataReport report = check("mafw");
        assertError(report, "empty class", "", "no clips of Anger: it cannot be learned");
        assertThat(of(report, "empty class")).anySatisfy(finding -> {
            assertThat(finding.split()).isEqualTo("test");
            assertThat(finding.level()).isEqualTo(Level.WARNING);
        });
    }

    @Test
    void copiesUnderAnotherNameLeak() throws IOException {
        set.mafw(33);
        Path copy = clip("90000");
        Files.createDirectories(copy);
        for (String frame : List.of("00001.png", "00002.png", "00003.png", "00004.png")) {
            Files.copy(clip("00000").resolve(frame), copy.resolve(frame));
        }
        replace("test.csv", "video_name,labels", "video_name,labels\n90000,0");
        assertError(check("mafw"), "leak: copy", "90000", "has the same frames as 00000 in train");
        replace("train.csv", "video_name,labels", "video_name,labels\n90000,3");
        assertError(check("mafw"), "copy with another label", "00000", "has the same frames as 90000");
    }

    @Test
    void personsOnBothSidesAreFoundWhereTheyAreKnown() throws IOException {
        set.mafw(33);
        assertThat(check("mafw").text()).contains("not known");
        Files.writeString(folder.resolve("clips.csv"), "path,person\n00000,Ada\n00022,Ada\n00023,Bob\n");
        assertError(check("mafw"), "leak: same person", "00022", "shows Ada, who is in train too");
        Files.delete(folder.resolve("clips.csv"));
        assertThat(check("mafw").isSound()).isTrue();
        // The third digit: 0 is in training, 0 and 3 in the test.
        assertError(check("mafw", Depth.THREE, Pattern.compile("^(000)")), "leak: same person", "00022", "more clips");
    }

    @Test
    void oddFramesAreWarnings() throws IOException {
        set.mafw(33);
        Path clip = clip("00000");
        delete(clip);
        set.clip(clip, 0, 11, "png", 3);
        Files.move(clip.resolve("00001.png"), clip.resolve("2.png"));
        Files.move(clip.resolve("00002.png"), clip.resolve("10.png"));
        Files.move(clip.resolve("00003.png"), clip.resolve("11.png"));
        Files.delete(clip("00001").resolve("00002.png"));
        delete(clip("00002"));
        set.clip(clip("00002"), 2, 11, "png", 1);
        DataReport report = check("mafw");
        assertThat(of(report, "frame order")).singleElement().satisfies(finding -> {
            assertThat(finding.clip()).isEqualTo("00000");
            assertThat(finding.message()).contains("10, 11, 2");
        });
        assertThat(of(report, "frames left out")).extracting(Finding::clip).containsExactly("00001");
        assertThat(of(report, "single frame")).extracting(Finding::clip).containsExactly("00002");
        assertThat(report.isSound()).isTrue();
    }

    @Test
    void manyFindingsOfAKindAreCounted() throws IOException {
        set.mafw(33);
        delete(folder.resolve("Clip"));
        DataReport report = check("mafw");
        assertThat(report.text())
                .contains("ERROR  missing: 44")
                .contains("and 39 more")
                .contains("44 errors");
        List<String> settings = new ArrayList<>(List.of("train.output_dir=x"));
        assertThatThrownBy(() -> DataCheck.run(
                        ConfigReader.read(null, settings),
                        null,
                        new DataCheck.Options(Depth.THREE, null),
                        Progress.NONE))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("data.train");
    }

    private static void delete(Path path) throws IOException {
        try (Stream<Path> files = Files.walk(path)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Photograph 3 is in both lists; person p1 of a photograph to learn from is in a clip of the test list too. */
    @Test
    void photographsAreAPartOfTheirOwnAndMustNotShowWhomClipsAreTestedOn() throws IOException {
        set.mafw(33);
        Path pictures = Files.createDirectories(folder.resolve("photos"));
        StringBuilder list = new StringBuilder("path,label,person\n");
        for (int i = 0; i < 4; i++) {
            Files.copy(clip("0000" + i).resolve("00001.png"), pictures.resolve(i + ".png"));
            list.append(i + ".png," + (i % 2 == 0 ? "calm" : "lively") + ",p" + i + "\n");
        }
        Files.writeString(pictures.resolve("train.csv"), list);
        Files.writeString(pictures.resolve("test.csv"), "path,label\n3.png,lively\ngone.png,calm\n");
        Files.writeString(folder.resolve("clips.csv"), "path,person\n00022,p1\n");
        DataReport report = check(
                "mafw",
                "model.family=s4d",
                "photos.train=" + pictures.resolve("train.csv"),
                "photos.test=" + pictures.resolve("test.csv"));
        assertThat(report.parts()).extracting(DataCheck.Part::title).containsExactly("", "photos");
        assertThat(report.parts().getLast().findings())
                .extracting(finding -> finding.check() + ", " + finding.split() + ", " + finding.clip())
                .contains(
                        "leak: same clip, photos test, 3.png",
                        "missing, photos test, gone.png",
                        "leak: same person, test, 00022");
        assertThat(report.text()).contains("1 lively", "photographs", "who is in photos train too");
    }
}
