package org.s2d.train.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.s2d.SharedData;
import org.s2d.data.face.Alignment;
import org.s2d.data.face.FaceBox;
import org.s2d.data.face.LandmarkFinder.View;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.tensor.UserException;

class FaceLandmarksTest {
    /** Of a frontal face; the box is that of version-RFB-320. */
    private static final FaceBox FACE = new FaceBox(8, 0, 146, 168, 1);

    @Test
    void eyesNoseAndMouthAreWhereTheyAreWhoeverElseIsInTheBatch() {
        Path weights = SharedData.require("landmark/mobilefacenet_from_openvino.pth.tar");
        Image photograph = ImageFile.read(SharedData.require("data/faces/images/Al_Davis_0001.jpg"));
        try (FaceLandmarks landmarks = FaceLandmarks.open(weights, 2)) {
            View view = new View(photograph, FACE);
            double[] points = landmarks.find(List.of(view)).getFirst();
            double rightEye = points[2 * 36 + 1];
            double nose = points[2 * 30 + 1];
            double mouth = points[2 * 57 + 1];
            assertThat(rightEye).isBetween(40.0, 80.0).isLessThan(nose - 10);
            assertThat(nose).isLessThan(mouth - 10);
            assertThat(Alignment.of(points, 0).isNear(Alignment.upright(FACE.square(0))))
                    .isTrue();
            View other = new View(photograph, new FaceBox(0, 0, 80, 80, 1));
            assertThat(landmarks.find(List.of(other, view)).get(1)).isEqualTo(points);
            assertThat(landmarks.find(List.of())).isEmpty();
        }
    }

    @Test
    void aCheckpointOfSomethingElseIsRefused() {
        Path other = Path.of("weights", "reference", "s2d_tiny", "state.safetensors");
        assertThatThrownBy(() -> FaceLandmarks.open(other, 1))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no landmark network");
    }
}
