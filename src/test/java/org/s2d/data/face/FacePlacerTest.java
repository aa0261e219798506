package org.s2d.data.face;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Offset.offset;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.s2d.data.face.FaceFollower.Seen;
import org.s2d.data.face.FacePlacer.Placed;
import org.s2d.data.face.FaceTracker.Tracked;
import org.s2d.data.image.Image;
import org.s2d.data.video.VideoFrame;

class FacePlacerTest {
    private int asked;

    private static Seen seen(double seconds, boolean looked, double x) {
        VideoFrame frame = new VideoFrame(seconds, Image.blank(4, 4));
        return new Seen(frame, looked, List.of(new Tracked(7, new FaceBox(x, 0, 100, 100, 1))));
    }

    /** All points in the upper left corner of the face: no place for eyes, nose and mouth. */
    private List<double[]> corner(List<LandmarkFinder.View> views) {
        asked += views.size();
        return views.stream()
                .map(view -> {
                    double[] points = new double[136];
                    Arrays.fill(points, view.face().x());
                    return points;
                })
                .toList();
    }

    @Test
    void landmarksAreFoundAtLooksAndLieBetweenElsewhere() {
        FacePlacer placer = new FacePlacer(this::corner, 0);
        placer.place(List.of(seen(0, true, 0)));
        List<Placed> placed = placer.place(List.of(seen(0.05, false, 5), seen(0.1, false, 10), seen(0.2, true, 20)));
        assertThat(asked).isEqualTo(2);
        assertThat(placed).extracting(face -> face.frame().seconds()).containsExactly(0.05, 0.1, 0.2);
        assertThat(placed.get(0).landmarks()[3]).isCloseTo(5, offset(1e-9));
        assertThat(placed.get(1).landmarks()[3]).isCloseTo(10, offset(1e-9));
        assertThat(placed.get(1).box().x()).isEqualTo(10);
    }

    @Test
    void impossibleLandmarksLeaveTheFaceUpright() {
        Placed placed = new FacePlacer(this::corner, 0.1)
                .place(List.of(seen(0, true, 30)))
                .getFirst();
        assertThat(placed.place().tilt()).isZero();
        assertThat(placed.place().x()).isCloseTo(20, offset(1e-9));
        assertThat(placed.place().side()).isCloseTo(120, offset(1e-9));
    }

    @Test
    void placesAreSteadierThanWhatIsFound() {
        FacePlacer placer = new FacePlacer(null, 0);
        placer.place(List.of(seen(0, true, 0)));
        assertThat(placer.place(List.of(seen(0.2, true, 10))).getFirst().place().x())
                .isCloseTo(6, offset(1e-9));
        assertThat(placer.place(List.of(seen(2, true, 50))).getFirst().place().x())
                .isEqualTo(50);
    }
}
