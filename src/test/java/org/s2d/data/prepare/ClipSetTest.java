package org.s2d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.s2d.data.AnnotationReader;
import org.s2d.data.ClipList;
import org.s2d.data.ListOptions;
import org.s2d.data.Sample;
import org.s2d.data.face.FaceBox;
import org.s2d.data.face.FaceDetector;
import org.s2d.data.image.Image;
import org.s2d.tensor.UserException;

/** Photographs of ten people with three expressions each, in a folder per class; the detector sees a face in the middle of each. */
class ClipSetTest {
    @TempDir
    Path folder;

    private final List<String> skipped = new ArrayList<>();

    private final ClipSet.Observer observer = new ClipSet.Observer() {
        @Override
        public Progress files() {
            return Progress.NONE;
        }

        @Override
        public Progress seconds(Path file) {
            return Progress.NONE;
        }

        @Override
        public void skipped(String reason) {
            skipped.add(reason);
        }
    };

    private final FaceDetector detector = new FaceDetector() {
        @Override
        public List<FaceBox> detect(Image picture) {
            boolean dark = picture.at(20, 20, 0) == 0;
            return dark ? List.of() : List.of(new FaceBox(10, 10, 20, 20, 1));
        }

        @Override
        public void close() {}
    };

    @BeforeEach
    void photographs() throws IOException {
        for (String label : List.of("happy", "sad", "surprise")) {
            for (int person = 0; person < 10; person++) {
                photograph(label + "/p" + person + "_" + label + ".png", 100 + person);
            }
        }
    }

    private void photograph(String name, int brightness) throws IOException {
        Image picture = Image.blank(40, 40);
        java.util.Arrays.fill(picture.rgb(), (byte) brightness);
        Path file = folder.resolve("photos").resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(file, DatasetWriter.encode(picture.toBufferedImage(), "png"));
    }

    private static boolean never() {
        return false;
    }

    private ClipSet.Options options(SetLayout layout, int folds) {
        return new ClipSet.Options(layout, 16, 16, false, false, 0.1, 25, folds);
    }

    private SourceList sources(SetLayout layout) {
        return SourceList.read(folder.resolve("photos"), layout.format(), label -> label, Pattern.compile("^(p\\d+)_"));
    }

    private ClipSet.Summary write(SetLayout layout, int folds, BooleanSupplier stop, boolean resume) {
        return ClipSet.write(
                sources(layout),
                folder.resolve("set"),
                options(layout, folds),
                new ClipSet.Tools(detector, null),
                observer,
                stop,
                resume);
    }

    private ClipList read(SetLayout layout, String split, int folds, int fold) {
        Path set = folder.resolve("set");
        return AnnotationReader.read(
                layout.format(),
                set.resolve(layout.list(split, folds).replace("{fold}", Integer.toString(fold))),
                set.resolve(layout.root()),
                ListOptions.defaults());
    }

    private static Set<String> people(Path set, ClipList list) {
        Set<String> people = new HashSet<>();
        Set<String> ids = new HashSet<>(list.samples().stream().map(Sample::id).toList());
        for (CsvTable.Row row : CsvTable.read(set.resolve("clips.csv"), "path", "person")) {
            if (ids.contains(row.get("path"))) {
                people.add(row.get("person"));
            }
        }
        return people;
    }

    @ParameterizedTest
    @EnumSource(SetLayout.class)
    void theListsOfEveryFormatAreReadAsTheyAre(SetLayout layout) {
        ClipSet.Summary summary = write(layout, layout.folds(), ClipSetTest::never, false);
        assertThat(summary.clips()).isEqualTo(30);
        for (int fold = 1; fold <= Math.max(1, layout.folds()); fold++) {
            ClipList train = read(layout, "train", layout.folds(), fold);
            ClipList test = read(layout, "test", layout.folds(), fold);
            assertThat(train.labels()).isEqualTo(test.labels());
            assertThat(people(folder.resolve("set"), train))
                    .doesNotContainAnyElementsOf(people(folder.resolve("set"), test));
            assertThat(test.samples()).allSatisfy(sample -> {
                assertThat(sample.media().frames()).hasSize(1);
                assertThat(sample.media().path()).isDirectory();
            });
        }
    }

    @Test
    void everyClipIsTestedInOneFold() {
        write(SetLayout.DFEW, 5, ClipSetTest::never, false);
        List<String> tested = new ArrayList<>();
        for (int fold = 1; fold <= 5; fold++) {
            ClipList test = read(SetLayout.DFEW, "test", 5, fold);
            test.samples().forEach(sample -> tested.add(sample.id()));
            assertThat(test.classCounts()[0]).as("Happy").isEqualTo(2);
            assertThat(test.classCounts()[4]).as("Surprise").isEqualTo(2);
        }
        assertThat(tested).hasSize(30).doesNotHaveDuplicates();
    }

    @Test
    void badFilesAreSkippedAndTold() throws IOException {
        photograph("sad/dark.png", 0);
        Files.writeString(folder.resolve("photos/sad/bad.png"), "no picture");
        ClipSet.Summary summary = write(SetLayout.CSV, 0, ClipSetTest::never, false);
        assertThat(summary.clips()).isEqualTo(30);
        assertThat(summary.skipped()).isEqualTo(2);
        assertThat(skipped).hasSize(2);
        assertThat(skipped.get(0)).contains("bad.png");
        assertThat(skipped.get(1)).contains("dark.png: no face found");
    }

    @Test
    void whatWasStoppedGoesOnToTheSameSet() throws IOException {
        int[] asked = {0};
        assertThat(write(SetLayout.MAFW, 5, () -> ++asked[0] > 20, false).finished())
                .isFalse();
        assertThat(folder.resolve("set/data.yaml")).doesNotExist();
        assertThatThrownBy(() -> write(SetLayout.MAFW, 5, ClipSetTest::never, false))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("--resume");
        assertThat(write(SetLayout.MAFW, 5, ClipSetTest::never, true).clips()).isEqualTo(30);
        String resumed = Files.readString(folder.resolve("set/clips.csv"));
        Files.move(folder.resolve("set"), folder.resolve("resumed"));
        write(SetLayout.MAFW, 5, ClipSetTest::never, false);
        assertThat(resumed).isEqualTo(Files.readString(folder.resolve("set/clips.csv")));
        assertThat(folder.resolve("set/.unfinished")).doesNotExist();
    }

    @Test
    void otherOptionsDoNotGoOn() {
        write(SetLayout.CSV, 0, ClipSetTest::never, false);
        assertThatThrownBy(() -> write(SetLayout.CSV, 3, ClipSetTest::never, true))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("other options");
    }

    @Test
    void aPartThatTheFormatDoesNotHaveIsToldBeforeTheWork() throws IOException {
        Path list = Files.writeString(
                folder.resolve("photos/list.csv"),
                "file,label,fold\nhappy/p1_happy.png,happy,1\nsad/p1_sad.png,sad,9\n");
        SourceList sources = SourceList.read(list, SetLayout.DFEW.format(), label -> label, null);
        assertThatThrownBy(() -> ClipSet.write(
                        sources,
                        folder.resolve("set"),
                        options(SetLayout.DFEW, 2),
                        new ClipSet.Tools(detector, null),
                        observer,
                        ClipSetTest::never,
                        false))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("sad.png")
                .hasMessageContaining("\"9\"")
                .hasMessageContaining("1, 2");
        assertThat(folder.resolve("set")).doesNotExist();
    }

    @Test
    void aFolderThatIsNoClassIsNamed() throws IOException {
        photograph("boredom/p1_boredom.png", 100);
        assertThatThrownBy(() -> sources(SetLayout.DFEW))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("boredom (p1_boredom.png)")
                .hasMessageContaining("--merge");
    }

    @Test
    void aListCutsStretchesOutOfAFolderOfFrames() throws IOException {
        for (int i = 0; i < 100; i++) {
            photograph(String.format("frames/%03d.png", i), 100);
        }
        Path list = Files.writeString(
                folder.resolve("photos/list.csv"),
                "file,label,person,split,start,end\nframes,sad,ann,train,0,0.99\nframes,happy,ann,test,2,\n");
        ClipSet.write(
                SourceList.read(list, SetLayout.CSV.format(), label -> label, null),
                folder.resolve("set"),
                new ClipSet.Options(SetLayout.CSV, 16, 16, true, false, 0, 25, 0),
                new ClipSet.Tools(detector, null),
                observer,
                ClipSetTest::never,
                false);
        List<CsvTable.Row> clips = CsvTable.read(folder.resolve("set/clips.csv"), "path");
        assertThat(clips)
                .extracting(row -> row.get("label") + " " + row.get("frames"))
                .containsExactly("sad 16", "sad 9", "happy 16", "happy 16", "happy 16");
        assertThat(clips).extracting(row -> row.get("start")).contains("0.000", "0.640", "2.000", "2.640");
        assertThat(read(SetLayout.CSV, "train", 0, 0).size()).isEqualTo(2);
    }
}
