package org.s2d.data.prepare;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.s2d.data.Media;
import org.s2d.data.face.FaceFollower;
import org.s2d.data.face.FacePlacer;
import org.s2d.data.image.Image;
import org.s2d.data.image.ImageFile;
import org.s2d.data.video.VideoFrame;
import org.s2d.data.video.VideoOptions;
import org.s2d.data.video.VideoReader;
import org.s2d.tensor.UserException;

/** Cuts the faces out of one file. Frames go to a scratch folder at once, so that a long video takes no more memory. */
final class ClipCutter {
    /** What is seen in fewer frames of a video is hardly a face. */
    private static final int FEWEST_FRAMES = 4;

    /** Seconds of a video whose own progress is worth telling, besides that of all files. */
    private static final double LONG = 20;

    private final ClipSet.Options options;
    private final ClipSet.Tools tools;
    private final DatasetWriter scratch;
    private final List<Stretch> stretches = new ArrayList<>();
    private final FacePlacer placer;
    private double length;

    /** A clip: frames in the scratch folder, in the order of time, and when in the file the first and the last one were. */
    record Cut(Source source, List<String> frames, double start, double end) {}

    /** One face in one stretch. */
    private static final class Track {
        final List<String> frames = new ArrayList<>();
        final List<Double> seconds = new ArrayList<>();
        double area;
    }

    private static final class Stretch {
        final Source source;
        final double start;
        final double end;
        final Map<Integer, Track> tracks = new TreeMap<>();
        int frames;

        Stretch(Source source, double frameRate) {
            this.source = source;
            start = source.startSeconds(frameRate);
            end = source.endSeconds(frameRate);
        }
    }

    /** A cutter for one file. */
    ClipCutter(ClipSet.Options options, ClipSet.Tools tools, DatasetWriter scratch) {
        this.options = options;
        this.tools = tools;
        this.scratch = scratch;
        placer = new FacePlacer(tools.landmarks(), options.margin());
    }

    /**
     * The clips of a file's stretches, in their order; none where no face was found.
     *
     * @param stop asked at every frame; once true the result is incomplete and of no use
     * @throws UserException when the file is missing, damaged or of no known kind
     */
    List<Cut> cut(Path file, List<Source> sources, Progress progress, BooleanSupplier stop) {
        FaceFollower follower = new FaceFollower(tools.detector()::detect);
        if (Files.isDirectory(file)) {
            List<Path> frames = new Media.FrameFolder(file).frames();
            begin(sources, options.rate(), frames.size() / options.rate());
            for (int i = 0; i < frames.size() && !stop.getAsBoolean(); i++) {
                take(new VideoFrame(i / options.rate(), ImageFile.read(frames.get(i))), follower, progress);
            }
        } else if (ImageFile.hasImageName(file)) {
            Image photograph = ImageFile.read(file);
            begin(sources, 1, 0);
            take(new VideoFrame(0, photograph), follower, progress);
        } else {
            video(file, sources, follower, progress, stop);
        }
        see(follower.end());
        return stretches.stream().flatMap(stretch -> cuts(stretch).stream()).toList();
    }

    private void video(
            Path file, List<Source> sources, FaceFollower follower, Progress progress, BooleanSupplier stop) {
        try (VideoReader reader = VideoReader.open(file, VideoOptions.all().withFramesPerSecond(options.rate()))) {
            begin(sources, reader.info().frameRate(), reader.info().seconds());
            double last =
                    stretches.stream().mapToDouble(stretch -> stretch.end).max().orElse(0);
            double seconds = 0;
            for (Optional<VideoFrame> next = reader.next();
                    next.isPresent() && seconds <= last && !stop.getAsBoolean();
                    next = reader.next()) {
                seconds = next.get().seconds();
                take(next.get(), follower, progress);
            }
        }
    }

    private void begin(List<Source> sources, double frameRate, double seconds) {
        length = seconds;
        for (Source source : sources) {
            if (source.inFrames() && frameRate <= 0) {
                throw new UserException(source.describe() + ": the video does not tell its frame rate; give seconds.");
            }
            stretches.add(new Stretch(source, frameRate));
        }
    }

    private void take(VideoFrame frame, FaceFollower follower, Progress progress) {
        if (length >= LONG) {
            progress.advanced((int) frame.seconds(), (int) Math.ceil(Math.max(frame.seconds(), length)));
        }
        boolean wanted = false;
        for (Stretch stretch : stretches) {
            if (isIn(stretch, frame)) {
                stretch.frames++;
                wanted = true;
            }
        }
        see(wanted ? follower.next(frame) : follower.end());
    }

    private static boolean isIn(Stretch stretch, VideoFrame frame) {
        return frame.seconds() >= stretch.start && frame.seconds() <= stretch.end;
    }

    private void see(List<FaceFollower.Seen> seen) {
        for (FacePlacer.Placed face : placer.place(seen)) {
            Image cut = face.place().cut(face.frame().image(), options.size());
            byte[] encoded =
                    DatasetWriter.encode(cut.toBufferedImage(), options.layout().extension());
            for (int i = 0; i < stretches.size(); i++) {
                Stretch stretch = stretches.get(i);
                if (isIn(stretch, face.frame())) {
                    Track track = stretch.tracks.computeIfAbsent(face.track(), number -> new Track());
                    String name = i + "/" + face.track() + "/" + track.frames.size();
                    scratch.file(name, encoded);
                    track.frames.add(name);
                    track.seconds.add(face.frame().seconds());
                    track.area += face.box().width() * face.box().height();
                }
            }
        }
    }

    private List<Cut> cuts(Stretch stretch) {
        List<Track> faces = stretch.tracks.values().stream()
                .filter(track -> track.frames.size() >= Math.min(FEWEST_FRAMES, stretch.frames))
                .sorted(Comparator.comparingDouble(track -> -track.area))
                .toList();
        List<Cut> cuts = new ArrayList<>();
        for (Track track : options.allFaces() ? faces : faces.stream().limit(1).toList()) {
            if (options.windows()) {
                windows(stretch.source, track, cuts);
            } else {
                cuts.add(spread(stretch.source, track));
            }
        }
        return cuts;
    }

    /** The whole track, as many of its frames as are wanted. */
    private Cut spread(Source source, Track track) {
        int count = track.frames.size();
        int wanted = options.frames() == 0 ? count : Math.min(count, options.frames());
        List<String> frames = new ArrayList<>();
        for (int i = 0; i < wanted; i++) {
            frames.add(track.frames.get((int) Math.round((double) i * (count - 1) / Math.max(1, wanted - 1))));
        }
        return new Cut(source, frames, track.seconds.getFirst(), track.seconds.getLast());
    }

    /** One clip after the other; frames that remain make one of their own when they are half of one, or all there is. */
    private void windows(Source source, Track track, List<Cut> cuts) {
        int count = track.frames.size();
        for (int first = 0; first < count; first += options.frames()) {
            int end = Math.min(count, first + options.frames());
            if (first == 0 || 2 * (end - first) >= options.frames()) {
                cuts.add(new Cut(
                        source,
                        track.frames.subList(first, end),
                        track.seconds.get(first),
                        track.seconds.get(end - 1)));
            }
        }
    }
}
