package org.s2d.data.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.data.image.Image;
import org.s2d.tensor.UserException;

class VideoWriterTest {
    private static final int WIDTH = 97;
    private static final int HEIGHT = 64;

    @TempDir
    Path folder;

    /** A slope of brightness that moves from frame to frame. */
    private static Image frame(int t) {
        Image image = Image.blank(WIDTH, HEIGHT);
        for (int i = 0; i < image.rgb().length; i++) {
            image.rgb()[i] = (byte) (40 + i / 3 % WIDTH + 3 * t);
        }
        return image;
    }

    @Test
    void whatIsWrittenIsReadBackWithItsTimes() {
        Path file = folder.resolve("slope.mp4");
        try (VideoWriter writer = new VideoWriter(file, WIDTH, HEIGHT)) {
            for (int t = 0; t < 20; t++) {
                writer.write(t / 10.0, frame(t));
            }
            writer.finish();
        }
        try (VideoReader reader = VideoReader.open(file, VideoOptions.all())) {
            assertThat(reader.info().width()).isEqualTo(WIDTH - 1);
            for (int t = 0; t < 20; t++) {
                VideoFrame read = reader.next().orElseThrow();
                assertThat(read.seconds()).isCloseTo(t / 10.0, offset(2e-3));
                for (int x = 8; x < WIDTH - 8; x += 9) {
                    assertThat(read.image().at(x, 30, 1)).isCloseTo(frame(t).at(x, 30, 1), offset(8));
                }
            }
            assertThat(reader.next()).isEmpty();
        }
    }

    @Test
    void anUnfinishedVideoLeavesNothing() throws Exception {
        try (VideoWriter writer = new VideoWriter(folder.resolve("half.mp4"), WIDTH, HEIGHT)) {
            writer.write(0, frame(0));
        }
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aFolderThatDoesNotExistIsOneLine() {
        assertThatThrownBy(() -> new VideoWriter(folder.resolve("no/where.mp4"), WIDTH, HEIGHT))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("cannot be written");
    }
}
