package org.s2d.data.face;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.s2d.data.image.Image;

class FaceTrackerTest {
    private final FaceTracker tracker = new FaceTracker();

    private static FaceBox box(double x, double y) {
        return new FaceBox(x, y, 100, 100, 1);
    }

    private List<Integer> tracks(double seconds, FaceBox... found) {
        return tracker.next(seconds, List.of(found)).stream()
                .map(FaceTracker.Tracked::track)
                .toList();
    }

    @Test
    void peopleKeepTheirNumbersWhateverTheOrderOfDetection() {
        assertThat(tracks(0, box(0, 0), box(300, 0))).containsExactly(0, 1);
        List<FaceTracker.Tracked> next = tracker.next(0.1, List.of(box(310, 5), box(12, 0)));
        assertThat(next).extracting(FaceTracker.Tracked::track).containsExactly(0, 1);
        assertThat(next.get(0).box().x()).isBetween(0.0, 12.0);
        assertThat(next.get(1).box().x()).isBetween(300.0, 310.0);
    }

    @Test
    void aFaceThatIsHiddenForAMomentComesBackUnderItsNumber() {
        assertThat(tracks(0, box(0, 0))).containsExactly(0);
        assertThat(tracks(0.3)).isEmpty();
        assertThat(tracks(0.6, box(10, 0))).containsExactly(0);
        assertThat(tracks(2, box(10, 0))).containsExactly(1);
    }

    @Test
    void nobodySurvivesACut() {
        assertThat(tracks(0, box(0, 0))).containsExactly(0);
        tracker.cut();
        assertThat(tracks(0.1, box(0, 0))).containsExactly(1);
    }

    @Test
    void twoFacesNeverShareATrack() {
        assertThat(tracks(0, box(0, 0))).containsExactly(0);
        assertThat(tracks(0.1, box(5, 0), box(20, 0))).containsExactly(0, 1);
    }

    @Test
    void overlapIsIntersectionOverUnion() {
        assertThat(box(0, 0).overlap(box(0, 0))).isEqualTo(1);
        assertThat(box(0, 0).overlap(box(50, 0))).isEqualTo(5000.0 / 15000);
        assertThat(box(0, 0).overlap(box(100, 0))).isZero();
    }

    @Test
    void whatLeavesThePictureRepeatsItsEdge() {
        Image picture = Image.blank(4, 4);
        for (int i = 0; i < picture.rgb().length; i++) {
            picture.rgb()[i] = (byte) (i / 12 * 10); // row y has 10 * y
        }
        Image cut = new FaceBox(-2, 2, 4, 4, 1).cut(picture, 4);
        assertThat(cut.at(0, 0, 0)).isEqualTo(20);
        assertThat(cut.at(3, 1, 2)).isEqualTo(30);
        assertThat(cut.at(0, 3, 0)).isEqualTo(30);
    }

    @Test
    void theSquareHasTheBoxInItsMiddle() {
        FaceBox square = new FaceBox(10, 20, 40, 80, 1).square(0.25);
        assertThat(square).isEqualTo(new FaceBox(-30, 0, 120, 120, 1));
    }

    @Test
    void cutsAreSeenAndSlowChangesAreNot() {
        SceneCuts cuts = new SceneCuts();
        assertThat(cuts.next(grey(100))).isFalse();
        for (int level = 105; level < 200; level += 5) {
            assertThat(cuts.next(grey(level))).isFalse();
        }
        assertThat(cuts.next(grey(20))).isTrue();
        assertThat(cuts.next(grey(20))).isFalse();
    }

    private static Image grey(int level) {
        Image image = Image.blank(64, 48);
        Arrays.fill(image.rgb(), (byte) level);
        return image;
    }
}
