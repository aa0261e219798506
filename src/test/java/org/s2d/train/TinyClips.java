package org.s2d.train;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import javax.imageio.ImageIO;
import org.s2d.data.image.Image;

/** A data set of tiny clips, and a configuration under which a model learns it in seconds. */
public final class TinyClips {
    /** Height and width of frames. */
    public static final int SIDE = 32;

    private static final int FRAMES = 4;
    static final List<String> LABELS = List.of("rising", "falling", "still");

    private TinyClips() {}

    /** Writes clips whose left half gets brighter, darker, or stays, and their list; returns the list. */
    public static Path write(Path folder, int clips) throws IOException {
        SplittableRandom random = new SplittableRandom(7);
        StringBuilder list = new StringBuilder("path,label\n");
        for (int i = 0; i < clips; i++) {
            String name = "clip" + i;
            int label = i % LABELS.size();
            Path clip = Files.createDirectories(folder.resolve(name));
            for (int t = 0; t < FRAMES; t++) {
                int change = label == 0 ? 30 * t : label == 1 ? -30 * t : 0;
                ImageIO.write(
                        frame(128 + change, random),
                        "png",
                        clip.resolve("f" + t + ".png").toFile());
            }
            list.append(name).append(',').append(LABELS.get(label)).append('\n');
        }
        Path file = folder.resolve("list.csv");
        Files.writeString(file, list);
        return file;
    }

    /** Frames of a clip that gets brighter. */
    public static List<Image> images(int frames) {
        SplittableRandom random = new SplittableRandom(8);
        List<Image> images = new ArrayList<>();
        for (int t = 0; t < frames; t++) {
            images.add(Image.of(frame(128 + 30 * t, random)));
        }
        return images;
    }

    private static BufferedImage frame(int level, SplittableRandom random) {
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < SIDE; y++) {
            for (int x = 0; x < SIDE; x++) {
                int value = Math.clamp((x < SIDE / 2 ? level : 128) + random.nextInt(-10, 11), 0, 255);
                image.setRGB(x, y, value << 16 | value << 8 | value);
            }
        }
        return image;
    }

    /** Settings of a tiny model on a list, without any random change. */
    public static List<String> settings(Path list, Path output) {
        return new ArrayList<>(List.of(
                "model.size=tiny",
                "model.image_size=" + SIDE,
                "model.patch_size=8",
                "model.embed_dim=16",
                "model.depth=2",
                "model.num_heads=2",
                "model.num_frames=" + FRAMES,
                "model.adapter_scale=0.5",
                "landmark.network=none",
                "data.train=" + list,
                "data.val=" + list,
                "data.augment.aa=",
                "data.augment.crop_scale=[]",
                "data.augment.flip=0",
                "data.augment.reprob=0",
                "data.augment.mixup=0",
                "data.augment.cutmix=0",
                "optim.scale_lr=false",
                "optim.lr=5e-3",
                "optim.warmup_epochs=1",
                "train.freeze=none",
                "train.threads=1",
                "train.epochs=3",
                "train.batch_size=4",
                "train.output_dir=" + output));
    }

    /** As {@link #settings}, with everything switched on that draws random numbers or keeps state. */
    public static List<String> everything(Path list, Path output) {
        List<String> all = settings(list, output);
        all.addAll(List.of(
                "model.head_dropout=0.3",
                "model.drop_path=0.2",
                "data.balanced=true",
                "data.augment.aa=rand-m7-n2-mstd0.5-inc1",
                "data.augment.crop_scale=[0.5, 1]",
                "data.augment.flip=0.5",
                "data.augment.reprob=0.25",
                "data.augment.num_sample=2",
                "data.augment.mixup=0.8",
                "data.augment.cutmix=1",
                "optim.loss_scale=65536",
                "optim.clip_grad=1",
                "optim.ema_decay=0.9",
                "optim.layer_decay=0.8",
                "loss.sdl.enabled=true",
                "loss.sdl.size=4",
                "loss.sdl.start_epoch=0",
                "loss.sdl.weights=[[1, 0.5]]",
                "train.update_freq=2",
                "train.batch_size=2"));
        return all;
    }
}
