package org.s2d.data.synthetic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.data.prepare.Progress;
import org.s2d.tensor.UserException;

class SyntheticFacesTest {
    private static final SyntheticFaces.Options SMALL = new SyntheticFaces.Options(5, 3, 1, 2, 6, 48, 1);

    @TempDir
    static Path folder;

    private static final List<Integer> DONE = new ArrayList<>();

    @BeforeAll
    static void write() {
        SyntheticFaces.write(folder, SMALL, (done, total) -> DONE.add(100 * done / total));
    }

    @Test
    void everyListedClipHasItsFramesAtTheRightSize() throws IOException {
        for (String split : List.of("train", "val", "test")) {
            for (String[] row : rows(split)) {
                assertThat(frames(row[0])).hasSize(6);
            }
        }
        var first = ImageIO.read(
                folder.resolve(rows("train").getFirst()[0] + "/00.jpg").toFile());
        assertThat(new int[] {first.getWidth(), first.getHeight()}).containsExactly(48, 48);
        assertThat(first.getRaster().getNumBands()).isEqualTo(3);
    }

    @Test
    void classesAreBalancedAndNamed() throws IOException {
        assertThat(counts(rows("train")))
                .hasSize(7)
                .allSatisfy((label, n) -> assertThat(n).isEqualTo(3));
        assertThat(counts(rows("images_test")))
                .hasSize(5)
                .allSatisfy((label, n) -> assertThat(n).isEqualTo(2));
        assertThat(counts(rows("frames_val")))
                .hasSize(7)
                .allSatisfy((label, n) -> assertThat(n).isEqualTo(4));
        assertThat(Files.readAllLines(folder.resolve("classes.txt")))
                .isEqualTo(ClipClass.labels())
                .containsAll(counts(rows("train")).keySet());
        assertThat(ClipClass.orderOnly())
                .containsExactly("SmileOnset", "SmileOffset", "SurpriseOnset", "SurpriseOffset");
    }

    @Test
    void onsetAndOffsetAreTheSameFramesInOppositeOrder() throws IOException {
        int pairs = 0;
        for (String[] row : rows("train")) {
            if (row[1].endsWith("Onset")) {
                List<byte[]> onset = frames(row[0]);
                List<byte[]> offset = frames(row[0].replace("Onset", "Offset")).reversed();
                assertThat(onset).usingElementComparator(Arrays::compare).isEqualTo(offset);
                assertThat(onset.getFirst()).isNotEqualTo(onset.getLast());
                pairs++;
            }
        }
        assertThat(pairs).isEqualTo(6);
    }

    @Test
    void nobodyIsInTwoSplits() throws IOException {
        Set<String> seen = new HashSet<>();
        for (String split : List.of("train", "val", "test")) {
            Set<String> own = new HashSet<>();
            for (String list : List.of("", "images_", "frames_")) {
                rows(list + split).forEach(row -> own.add(row[0].replaceAll(".*_p(\\d+)_.*", "$1")));
            }
            assertThat(own).isNotEmpty().noneMatch(seen::contains);
            seen.addAll(own);
        }
        assertThat(seen.stream().map(p -> Identity.of(5, Integer.parseInt(p))).distinct())
                .hasSize(seen.size());
    }

    @Test
    void theSameSeedDrawsTheSameBytesAndAnotherSeedDoesNot(@TempDir Path again, @TempDir Path other)
            throws IOException {
        SyntheticFaces.write(again, SMALL, Progress.NONE);
        assertThat(content(again)).isEqualTo(content(folder));
        SyntheticFaces.write(other, new SyntheticFaces.Options(6, 1, 1, 1, 2, 48, 1), Progress.NONE);
        Path frame = Path.of("clips", "train_p000_0_Neutral", "00.jpg");
        assertThat(other.resolve(frame)).exists();
        assertThat(Files.mismatch(other.resolve(frame), folder.resolve(frame))).isNotNegative();
    }

    @Test
    void writingAgainLeavesNoClipOfTheEarlierSet(@TempDir Path place) throws IOException {
        SyntheticFaces.write(place, new SyntheticFaces.Options(1, 2, 1, 1, 2, 32, 1), Progress.NONE);
        SyntheticFaces.write(place, new SyntheticFaces.Options(1, 1, 1, 1, 2, 32, 1), Progress.NONE);
        try (var clips = Files.list(place.resolve("clips"))) {
            assertThat(clips).hasSize(3 * 7);
        }
    }

    @Test
    void progressCountsUpToTheEnd() {
        assertThat(DONE).isSorted().endsWith(100);
    }

    @Test
    void badOptionsAndPlacesAreOneLine() throws IOException {
        assertThatThrownBy(() -> SMALL.withSize(8))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("8 pixels");
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> SyntheticFaces.write(file.resolve("set"), SMALL, Progress.NONE))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("cannot be written");
        Files.delete(file);
    }

    private static List<String[]> rows(String list) throws IOException {
        List<String> lines = Files.readAllLines(folder.resolve(list + ".csv"));
        assertThat(lines.getFirst()).isEqualTo("path,label");
        return lines.stream().skip(1).map(line -> line.split(",")).toList();
    }

    private static Map<String, Integer> counts(List<String[]> rows) {
        Map<String, Integer> counts = new HashMap<>();
        rows.forEach(row -> counts.merge(row[1], 1, Integer::sum));
        return counts;
    }

    private static List<byte[]> frames(String clip) throws IOException {
        List<byte[]> frames = new ArrayList<>();
        try (var files = Files.list(folder.resolve(clip))) {
            for (Path file : files.sorted().toList()) {
                frames.add(Files.readAllBytes(file));
            }
        }
        return frames;
    }

    private static Map<String, Integer> content(Path root) throws IOException {
        try (var files = Files.walk(root)) {
            return files.filter(Files::isRegularFile)
                    .collect(Collectors.toMap(
                            file -> root.relativize(file).toString(),
                            SyntheticFacesTest::hash,
                            (a, b) -> a,
                            TreeMap::new));
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
