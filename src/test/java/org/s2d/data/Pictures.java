package org.s2d.data;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.imageio.ImageIO;

/** Small pictures and clips on disk for tests. */
final class Pictures {
    private Pictures() {}

    /** A colour pattern that differs for every shade. */
    static Path write(Path file, int width, int height, int shade) throws IOException {
        BufferedImage picture = new BufferedImage(width, height, BufferedImage.TYPE_3BYTE_BGR);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                picture.setRGB(x, y, ((shade * 7 + x * 19) & 0xff) << 16 | ((shade * 3 + y * 31) & 0xff) << 8 | shade);
            }
        }
        Files.createDirectories(file.getParent());
        ImageIO.write(picture, "png", file.toFile());
        return file;
    }

    /** Clips c0, c1, ... of PNG frames; clip i has label i % 3. */
    static ClipList clips(Path folder, int count, int frames, int width, int height) throws IOException {
        List<Sample> samples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Path clip = folder.resolve("c" + i);
            for (int t = 0; t < frames; t++) {
                write(clip.resolve("%03d.png".formatted(t)), width, height, i * 20 + t);
            }
            samples.add(new Sample("c" + i, new Media.FrameFolder(clip), i % 3));
        }
        return new ClipList("clips.csv", List.of("x", "y", "z"), samples, List.of());
    }
}
