package org.s2d.predict;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.image.Resample;
import org.s2d.data.prepare.Progress;
import org.s2d.data.video.VideoFrame;
import org.s2d.data.video.VideoOptions;
import org.s2d.data.video.VideoReader;
import org.s2d.data.video.VideoWriter;
import org.s2d.report.FaceOverlay;
import org.s2d.tensor.UserException;

/** A folder for results: tables, and every file again with what was recognised drawn onto it. */
public final class ResultFolder {
    /** Drawn videos are at most this large, and have at most so many frames per second. */
    private static final VideoOptions DRAWN = new VideoOptions(30, 1280);

    /** Smaller photographs are enlarged, or the texts on them could not be read. */
    private static final double LEAST_SIDE = 480;

    private final Path folder;
    private final Set<String> taken = new HashSet<>();

    private ResultFolder(Path folder) {
        this.folder = folder;
    }

    /** Makes the folder; throws {@link UserException} when that is not possible. */
    public static ResultFolder create(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UserException(folder + ": cannot be made (" + e.getMessage() + "). Choose another folder.", e);
        }
        return new ResultFolder(folder);
    }

    /** Writes {@code predictions.csv} and {@code predictions.json}. */
    public void write(List<FileResult> results, List<String> labels) {
        write("predictions.csv", ResultFiles.csv(results, labels));
        write("predictions.json", ResultFiles.json(results));
    }

    private void write(String name, String text) {
        try {
            Files.writeString(folder.resolve(name), text);
        } catch (IOException e) {
            throw new UserException(folder.resolve(name) + ": cannot be written (" + e.getMessage() + ").", e);
        }
    }

    /**
     * Draws a result onto its file: NAME.png of a photograph, NAME.mp4 of a video; folders of frames stay as they are. Once {@code stop}
     * is true a video ends there.
     */
    public void annotate(Path file, FileResult result, Progress progress, BooleanSupplier stop) {
        if (Files.isDirectory(file)) {
            return;
        }
        if (ImageFile.hasImageName(file)) {
            FaceOverlay.write(photograph(ImageFile.read(file), result), target(file, ".png"));
        } else {
            video(file, result, progress, stop);
        }
    }

    private static BufferedImage photograph(Image picture, FileResult result) {
        double scale = Math.max(1, LEAST_SIDE / Math.min(picture.width(), picture.height()));
        int width = (int) Math.round(picture.width() * scale);
        int height = (int) Math.round(picture.height() * scale);
        Image large = Resample.resize(picture, width, height, Resample.Filter.BICUBIC);
        return Annotator.draw(large, 0, result.scaled((double) width / picture.width()));
    }

    private Path target(Path file, String ending) {
        String name = file.getFileName().toString();
        String stem = name.contains(".") ? name.substring(0, name.lastIndexOf('.')) : name;
        String unique = stem;
        for (int i = 2; !taken.add(unique + ending); i++) {
            unique = stem + "-" + i;
        }
        return folder.resolve(unique + ending);
    }

    private void video(Path file, FileResult result, Progress progress, BooleanSupplier stop) {
        try (VideoReader reader = VideoReader.open(file, DRAWN);
                VideoWriter writer = new VideoWriter(
                        target(file, ".mp4"),
                        reader.info().width(),
                        reader.info().height())) {
            // Squares and points are in pixels of the frames that were searched.
            double scale = (double) reader.info().width() / result.width();
            FileResult scaled = scale == 1 ? result : result.scaled(scale);
            for (Optional<VideoFrame> next = reader.next();
                    next.isPresent() && !stop.getAsBoolean();
                    next = reader.next()) {
                VideoFrame frame = next.get();
                writer.write(frame.seconds(), Image.of(Annotator.draw(frame.image(), frame.seconds(), scaled)));
                progress.advanced((int) frame.seconds(), (int) Math.max(frame.seconds(), result.seconds()));
            }
            writer.finish();
        }
    }
}
