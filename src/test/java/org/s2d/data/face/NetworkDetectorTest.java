package org.s2d.data.face;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.SharedData;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.video.VideoOptions;
import org.s2d.data.video.VideoReader;
import org.s2d.tensor.UserException;

class NetworkDetectorTest {
    private static NetworkDetector detector() {
        return new NetworkDetector(SharedData.require("landmark/detectors/version-RFB-320.onnx"));
    }

    private static Image firstFrame(String name) {
        try (VideoReader reader = VideoReader.open(SharedData.require("data/clips/" + name), VideoOptions.all())) {
            return reader.next().orElseThrow().image();
        }
    }

    @Test
    void bothPeopleWithTheirHeadsTiltedAreFound() {
        try (NetworkDetector detector = detector()) {
            List<FaceBox> faces = detector.detect(firstFrame("intel_head-pose-face-detection-female-and-male.gif"));
            assertThat(faces).hasSize(2);
            assertThat(faces).allSatisfy(face -> {
                assertThat(face.width()).isBetween(40.0, 130.0);
                assertThat(face.score()).isGreaterThan(0.7);
            });
            assertThat(detector.detect(firstFrame("pyfeat_no_face.mp4"))).isEmpty();
        }
    }

    @Test
    void aFaceThatFillsItsPictureIsFoundAtTheSecondLook() {
        Image photograph = ImageFile.read(SharedData.require("data/faces/images/Al_Davis_0001.jpg"));
        try (SecondLook detector = new SecondLook(detector())) {
            FaceBox face = detector.detect(photograph).getFirst();
            assertThat(face.overlap(new FaceBox(10, 10, 140, 140, 1))).isGreaterThan(0.5);
        }
    }

    @Test
    void anotherFileIsRefusedInOneLine(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("net.onnx"), "no network");
        assertThatThrownBy(() -> new NetworkDetector(file))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("net.onnx")
                .hasMessageNotContaining("\n");
    }
}
