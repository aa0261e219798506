package org.s2d.data.prepare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.s2d.data.face.FaceDetector;
import org.s2d.data.face.LandmarkFinder;
import org.s2d.tensor.UserException;

/**
 * Makes a clip data set from videos and photographs: finds the faces, follows them, brings them to the same place and size, and writes
 * frames and lists as a published data set has them. Below its folder, besides those:
 *
 * <ul>
 *   <li>clips.csv: where every clip comes from; it grows file by file, so that a preparation that was stopped can go on;
 *   <li>skipped.csv: files without clips, and why;
 *   <li>options.txt: what the clips were made with;
 *   <li>data.yaml: a configuration that names the lists.
 * </ul>
 */
public final class ClipSet {
    private static final String CLIPS = "clips.csv";
    private static final String SKIPPED = "skipped.csv";
    private static final String OPTIONS = "options.txt";
    private static final String SCRATCH = ".unfinished";
    private static final String CLIPS_HEADER = "path,label,person,part,file,start,end,frames\n";
    private static final String SKIPPED_HEADER = "file,reason\n";

    /**
     * What to make.
     *
     * @param size width and height of the frames
     * @param frames of a clip; 0: all that there are
     * @param windows whether a stretch becomes many clips of {@code frames} frames, one after the other, instead of one of frames from all of it
     * @param allFaces whether everybody who is seen makes a clip, instead of the one who is seen largest and longest
     * @param margin room at each edge as a fraction of the face
     * @param rate frames per second that are looked at
     * @param folds of the lists
     */
    public record Options(
            SetLayout layout,
            int size,
            int frames,
            boolean windows,
            boolean allFaces,
            double margin,
            double rate,
            int folds) {
        public Options {
            if (size < 16 || size > 1024 || frames < 0 || !(margin >= 0 && margin <= 1) || !(rate > 0 && rate <= 120)) {
                throw new UserException("prepare: found size " + size + ", " + frames + " frames, margin " + margin
                        + " and rate " + rate + ", expected a size of 16 to 1024, 0 or more frames, a margin of 0 to 1"
                        + " and a rate up to 120.");
            }
            if (windows && frames == 0) {
                throw new UserException("--windows: says nothing without a number of --frames.");
            }
            if (layout == SetLayout.FERV39K && folds != 0) {
                throw new UserException("--folds " + folds + ": FERV39K has none. Leave --folds out.");
            }
            if (folds == 1 || folds < 0 || ((layout == SetLayout.DFEW || layout == SetLayout.MAFW) && folds == 0)) {
                throw new UserException("--folds " + folds + ": expected 2 or more"
                        + (layout == SetLayout.CSV ? ", or 0 for none." : "."));
            }
        }
    }

    /** Finds faces, and their landmarks; without the latter faces are not turned upright. */
    public record Tools(FaceDetector detector, @Nullable LandmarkFinder landmarks) {}

    /** Is told what happens. */
    public interface Observer {
        /** Files done of all. */
        Progress files();

        /** Seconds done of a file. */
        Progress seconds(Path file);

        /** A file, or a stretch of one, gives no clip. */
        void skipped(String reason);
    }

    /**
     * What was written.
     *
     * @param counts clips by list and class
     * @param skipped files and stretches without a clip
     * @param finished false when it was stopped: then there are no lists yet
     */
    public record Summary(Map<String, Map<String, Integer>> counts, int clips, int skipped, boolean finished) {}

    private final Options options;
    private final Tools tools;
    private final Path folder;
    private final DatasetWriter writer;
    private final DatasetWriter scratch;
    private int clips;
    private int skipped;

    private ClipSet(Options options, Tools tools, Path folder) {
        this.options = options;
        this.tools = tools;
        this.folder = folder;
        writer = new DatasetWriter(folder);
        scratch = new DatasetWriter(folder.resolve(SCRATCH));
    }

    /**
     * Writes a data set, or goes on with one that is unfinished. A file that cannot be used is skipped.
     *
     * @param stop asked at every frame; once true what is begun is dropped, and the same call goes on later
     * @throws UserException where the folder has a data set already and {@code resume} is false, or it was begun in another way, or the options
     *     do not fit the sources
     */
    public static Summary write(
            SourceList sources,
            Path folder,
            Options options,
            Tools tools,
            Observer observer,
            BooleanSupplier stop,
            boolean resume) {
        if (options.folds() > sources.groups()) {
            throw new UserException("--folds " + options.folds() + ": only " + sources.groups()
                    + " persons or files, and none is ever in two folds. Take fewer folds.");
        }
        sources.requireParts(SetLists.parts(options));
        ClipSet set = new ClipSet(options, tools, folder);
        try {
            set.begin(resume);
            boolean finished = set.cut(sources.byFile(), observer, stop);
            return set.finish(finished);
        } finally {
            set.writer.clear(SCRATCH);
        }
    }

    private void begin(boolean resume) {
        String made = options + "\nlandmarks: " + (tools.landmarks() == null ? "no" : "yes") + "\n";
        Path before = folder.resolve(OPTIONS);
        if (!Files.exists(before)) {
            writer.lines(OPTIONS, made);
            writer.lines(CLIPS, CLIPS_HEADER);
            writer.lines(SKIPPED, SKIPPED_HEADER);
            return;
        }
        if (!resume) {
            throw new UserException(
                    folder + ": has a data set already. Go on with it by --resume, or choose another folder.");
        }
        if (!made.equals(read(before))) {
            throw new UserException(folder + ": was begun with other options (" + before + "). Choose another folder.");
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read (" + e.getMessage() + ").", e);
        }
    }

    /** All files that are not done yet; false when stopped. */
    private boolean cut(Map<Path, List<Source>> files, Observer observer, BooleanSupplier stop) {
        List<CsvTable.Row> before = clips();
        clips = before.size();
        List<CsvTable.Row> without = CsvTable.read(folder.resolve(SKIPPED), "file");
        skipped = without.size();
        Set<String> done = new HashSet<>();
        before.forEach(row -> done.add(row.get("file")));
        without.forEach(row -> done.add(row.get("file")));
        Progress progress = observer.files();
        int number = 0;
        for (Map.Entry<Path, List<Source>> file : files.entrySet()) {
            if (!done.contains(file.getKey().toString())) {
                cut(file.getKey(), file.getValue(), observer, stop);
            }
            if (stop.getAsBoolean()) {
                return false;
            }
            progress.advanced(++number, files.size());
        }
        return true;
    }

    private void cut(Path file, List<Source> stretches, Observer observer, BooleanSupplier stop) {
        List<String> reasons = new ArrayList<>();
        List<ClipCutter.Cut> cuts = List.of();
        try {
            cuts = new ClipCutter(options, tools, scratch).cut(file, stretches, observer.seconds(file), stop);
            Set<Source> used = new HashSet<>();
            cuts.forEach(cut -> used.add(cut.source()));
            stretches.stream()
                    .filter(source -> !used.contains(source))
                    .forEach(source -> reasons.add(source.describe() + ": no face found."));
        } catch (DatasetWriter.UnwritableException e) {
            throw e; // a full disk is no fault of the file
        } catch (UserException e) {
            reasons.add(String.valueOf(e.getMessage()));
        }
        if (stop.getAsBoolean()) {
            return;
        }
        reasons.forEach(observer::skipped);
        StringBuilder rows = new StringBuilder();
        for (ClipCutter.Cut cut : cuts) {
            rows.append(keep(cut, ++clips));
        }
        append(CLIPS, rows.toString());
        StringBuilder without = new StringBuilder();
        reasons.forEach(reason -> without.append(CsvTable.field(file.toString()))
                .append(',')
                .append(CsvTable.field(reason))
                .append('\n'));
        skipped += reasons.size();
        append(SKIPPED, without.toString());
        writer.clear(SCRATCH);
    }

    /** Brings a clip to its place; its row of clips.csv. */
    private String keep(ClipCutter.Cut cut, int number) {
        Source source = cut.source();
        String name = options.layout().clip(source.label(), number);
        Path root = folder.resolve(SCRATCH);
        writer.moveClip(
                Path.of(options.layout().root()).resolve(name).toString(),
                cut.frames().stream().map(root::resolve).toList(),
                options.layout().extension());
        List<String> fields = List.of(
                name,
                source.label(),
                source.person(),
                source.part(),
                source.file().toString(),
                String.format(Locale.ROOT, "%.3f", cut.start()),
                String.format(Locale.ROOT, "%.3f", cut.end()),
                Integer.toString(cut.frames().size()));
        return String.join(",", fields.stream().map(CsvTable::field).toList()) + "\n";
    }

    private void append(String name, String text) {
        Path file = folder.resolve(name);
        try {
            Files.writeString(file, text, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be written (" + e.getMessage() + ").", e);
        }
    }

    private List<CsvTable.Row> clips() {
        return CsvTable.read(folder.resolve(CLIPS), "path", "label", "person", "part", "file");
    }

    private Summary finish(boolean finished) {
        Map<String, Map<String, Integer>> counts =
                finished && clips > 0 ? new SetLists(options, folder, writer).write(clips()) : new TreeMap<>();
        return new Summary(counts, clips, skipped, finished);
    }
}
