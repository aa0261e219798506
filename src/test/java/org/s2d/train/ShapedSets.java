package org.s2d.train;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.s2d.data.DatasetFormat;

/** Tiny data sets with the folders and lists of the published ones: class c is a bright bar at its own height. */
final class ShapedSets {
    private static final int SIDE = 32;
    private static final int FRAMES = 4;

    private final Path folder;
    private final SplittableRandom random = new SplittableRandom(11);

    ShapedSets(Path folder) {
        this.folder = folder;
    }

    /**
     * DFEW: clips of JPEG frames in folders of five digits, lists {@code train_set_1.csv}, ... with ids from 1. Clip i is a test clip of
     * fold {@code i / 7 % folds + 1} and a training clip of the others.
     */
    ShapedSets dfew(int clips, int folds) throws IOException {
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < clips; i++) {
            String name = String.format(Locale.ROOT, "%05d", i + 1);
            clip(folder.resolve("Clip").resolve(name), i % 7, 7, "jpg", FRAMES);
            rows.add(List.of(name + "," + (i % 7 + 1), Integer.toString(i / 7 % folds)));
        }
        for (int fold = 0; fold < folds; fold++) {
            String own = Integer.toString(fold);
            list("train_set_" + (fold + 1) + ".csv", "video_name,label", rows, own, false);
            list("test_set_" + (fold + 1) + ".csv", "video_name,label", rows, own, true);
        }
        return this;
    }

    private void list(String file, String header, List<List<String>> rows, String part, boolean inside)
            throws IOException {
        List<String> lines = new ArrayList<>(List.of(header));
        rows.stream().filter(row -> row.get(1).equals(part) == inside).forEach(row -> lines.add(row.get(0)));
        Files.write(folder.resolve(file), lines);
    }

    /** FERV39K: {@code Scene/Class/0001} with JPEG frames, ids from 0. */
    ShapedSets ferv39k(int clips) throws IOException {
        return split(clips, DatasetFormat.FERV39K, "path,id", "jpg", (label, i) -> {
            String scene = i % 2 == 0 ? "Crime" : "Daily";
            return scene + "/" + DatasetFormat.FERV39K.labels().get(label) + String.format(Locale.ROOT, "/%04d", i);
        });
    }

    /** MAFW: folders of five digits with PNG frames, eleven ids from 0. */
    ShapedSets mafw(int clips) throws IOException {
        return split(
                clips,
                DatasetFormat.MAFW,
                "video_name,labels",
                "png",
                (label, i) -> String.format(Locale.ROOT, "%05d", i));
    }

    private interface Naming {
        String of(int label, int i);
    }

    /** Every third round of classes is for testing. */
    private ShapedSets split(int clips, DatasetFormat format, String header, String extension, Naming naming)
            throws IOException {
        int classes = format.labels().size();
        List<List<String>> rows = new ArrayList<>();
        for (int i = 0; i < clips; i++) {
            String name = naming.of(i % classes, i);
            clip(folder.resolve("Clip").resolve(name), i % classes, classes, extension, FRAMES);
            rows.add(List.of(name + "," + i % classes, i / classes % 3 == 2 ? "test" : "train"));
        }
        list("train.csv", header, rows, "train", true);
        list("test.csv", header, rows, "test", true);
        return this;
    }

    Path clip(Path clip, int label, int classes, String extension, int frames) throws IOException {
        Files.createDirectories(clip);
        for (int t = 1; t <= frames; t++) {
            String name = String.format(Locale.ROOT, "%05d.%s", t, extension);
            ImageIO.write(picture(label, classes), extension, clip.resolve(name).toFile());
        }
        return clip;
    }

    private BufferedImage picture(int label, int classes) {
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < SIDE; y++) {
            boolean bar = y * classes / SIDE == label;
            for (int x = 0; x < SIDE; x++) {
                int value = Math.clamp((bar ? 220 : 60) + random.nextInt(-30, 31), 0, 255);
                image.setRGB(x, y, value * 0x10101);
            }
        }
        return image;
    }

    /** Settings of a tiny model on the set; one epoch. */
    List<String> settings(String format, String train, String test, Path output) {
        List<String> settings = TinyClips.settings(folder.resolve(train), output);
        settings.addAll(List.of(
                "data.format=" + format,
                "data.root=" + folder.resolve("Clip"),
                "data.val=" + folder.resolve(test),
                "data.test=" + folder.resolve(test),
                "model.depth=1",
                "train.epochs=1"));
        return settings;
    }
}
