package org.s2d.data.face;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.s2d.data.image.Image;
import org.s2d.data.video.VideoFrame;

class FaceFollowerTest {
    private final List<Double> looks = new ArrayList<>();
    private double now;

    /** A face that moves by 100 pixels a second, and is seen until second 2. */
    private final FaceFollower follower = new FaceFollower(picture -> {
        looks.add(now);
        return now > 2 ? List.of() : List.of(new FaceBox(100 * now, 0, 100, 100, 1));
    });

    private List<FaceFollower.Seen> show(double seconds, int brightness) {
        Image picture = Image.blank(48, 48);
        Arrays.fill(picture.rgb(), (byte) brightness);
        now = seconds;
        return follower.next(new VideoFrame(seconds, picture));
    }

    @Test
    void itLooksAtEveryFifthFrameAndTheOthersLieBetween() {
        List<FaceFollower.Seen> seen = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            seen.addAll(show(i / 25.0, 0));
        }
        now = 49 / 25.0;
        seen.addAll(follower.end());
        assertThat(looks).hasSize(11);
        assertThat(seen).extracting(frame -> frame.frame().seconds()).isSorted().hasSize(50);
        assertThat(seen)
                .allSatisfy(frame -> assertThat(frame.faces())
                        .singleElement()
                        .extracting(FaceTracker.Tracked::track)
                        .isEqualTo(0));
        double first = seen.get(20).faces().getFirst().box().x();
        double last = seen.get(25).faces().getFirst().box().x();
        assertThat(seen.get(22).faces().getFirst().box().x()).isCloseTo(first + 0.4 * (last - first), offset(1e-9));
    }

    @Test
    void aFaceThatIsGoneAtTheNextLookIsNotBetween() {
        for (int i = 0; i <= 10; i++) {
            show(1.8 + i / 25.0, 0);
        }
        assertThat(follower.end()).allSatisfy(frame -> assertThat(frame.faces()).isEmpty());
        assertThat(show(2.4, 0))
                .last()
                .satisfies(frame -> assertThat(frame.faces()).isEmpty());
    }

    @Test
    void nobodyIsFollowedAcrossACut() {
        show(0, 0);
        show(0.04, 0);
        List<FaceFollower.Seen> seen = show(0.08, 255);
        assertThat(seen).extracting(frame -> frame.faces().getFirst().track()).containsExactly(0, 1);
    }
}
