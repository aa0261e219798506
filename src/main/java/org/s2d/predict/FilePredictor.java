package org.s2d.predict;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.s2d.data.Media;
import org.s2d.data.image.ImageFile;
import org.s2d.data.prepare.Progress;
import org.s2d.data.video.VideoFrame;
import org.s2d.data.video.VideoOptions;
import org.s2d.data.video.VideoReader;
import org.s2d.tensor.UserException;

/** Recognises the faces in files: photographs, videos, folders of frames. */
public final class FilePredictor {
    /** Frames per second that data sets of clips have; a model's frame step counts these. */
    private static final double RATE = 25;

    private final Recognizer recognizer;
    private final @Nullable FaceFinder finder;
    private final Progress progress;
    private final BooleanSupplier stop;

    /**
     * A predictor.
     *
     * @param finder null where pictures are faces already, cut out as in the training data
     * @param progress seconds done of all, while a video is worked on
     * @param stop asked at every frame; once true the result is that of the frames before
     */
    public FilePredictor(Recognizer recognizer, @Nullable FaceFinder finder, Progress progress, BooleanSupplier stop) {
        this.recognizer = recognizer;
        this.finder = finder;
        this.progress = progress;
        this.stop = stop;
    }

    /** Throws {@link UserException} for files that are missing, damaged or of no known kind. */
    public FileResult predict(Path file) {
        if (Files.isDirectory(file)) {
            return frameFolder(file);
        }
        if (!Files.isRegularFile(file)) {
            throw new UserException(file + ": no such file or folder.");
        }
        return ImageFile.hasImageName(file) ? photograph(file) : video(file);
    }

    private FileResult photograph(Path file) {
        FaceClips clips = new FaceClips(recognizer, finder);
        clips.add(new VideoFrame(0, ImageFile.read(file)));
        return clips.end(file.toString(), 0);
    }

    /** Frames as {@code prepare} and the data sets have them: every {@code frameStep}-th is looked at. */
    private FileResult frameFolder(Path folder) {
        List<Path> files = new Media.FrameFolder(folder).frames();
        FaceClips clips = new FaceClips(recognizer, finder);
        for (int i = 0; i < files.size() && !stop.getAsBoolean(); i += recognizer.frameStep()) {
            clips.add(new VideoFrame(i / RATE, ImageFile.read(files.get(i))));
        }
        return clips.end(folder.toString(), files.size() / RATE);
    }

    private FileResult video(Path file) {
        double rate = RATE / recognizer.frameStep();
        FaceClips clips = new FaceClips(recognizer, finder);
        try (VideoReader reader = VideoReader.open(file, VideoOptions.all().withFramesPerSecond(rate))) {
            double length = reader.info().seconds();
            double last = 0;
            for (Optional<VideoFrame> next = reader.next();
                    next.isPresent() && !stop.getAsBoolean();
                    next = reader.next()) {
                clips.add(next.get());
                last = next.get().seconds();
                progress.advanced((int) last, (int) Math.max(last, length));
            }
            return clips.end(file.toString(), length > 0 && !stop.getAsBoolean() ? length : last);
        }
    }
}
