package org.s2d.data.prepare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.s2d.data.DatasetFormat;
import org.s2d.data.image.ImageFile;
import org.s2d.tensor.UserException;

/** What clips are to be made of: the files in a folder per class, or the rows of a list. */
public final class SourceList {
    private static final Set<String> VIDEOS =
            Set.of("mp4", "avi", "webm", "mov", "mkv", "m4v", "mpg", "mpeg", "wmv", "flv", "ogv", "gif", "ts", "3gp");

    private static final List<String> FILE =
            List.of("path", "file", "video_name", "clip_name", "video", "clip", "name");
    private static final List<String> LABEL = List.of("label", "labels", "emotion", "expression", "class", "id");
    private static final List<String> PERSON = List.of("person", "subject", "identity", "actor", "speaker");
    private static final List<String> PART = List.of("fold", "split", "set");

    private final DatasetFormat format;
    private final Function<String, String> classOf;
    private final @Nullable Pattern person;
    private final List<Source> sources = new ArrayList<>();
    private final Map<String, String> unknown = new TreeMap<>();
    private int unlabelled;

    private SourceList(DatasetFormat format, Function<String, String> classOf, @Nullable Pattern person) {
        this.format = format;
        this.classOf = classOf;
        this.person = person;
    }

    /**
     * Reads a folder or a list; throws {@link UserException} where there is nothing in it, or a label is no class of the format.
     *
     * @param classOf the class that a label counts as, empty for none
     * @param person its first group in a file's name, without the ending, is the person; null: only what a list says
     */
    public static SourceList read(
            Path source, DatasetFormat format, Function<String, String> classOf, @Nullable Pattern person) {
        SourceList reader = new SourceList(format, classOf, person);
        // A preparation that goes on knows files by these names, wherever it is started.
        Path absolute = source.toAbsolutePath().normalize();
        if (Files.isDirectory(source)) {
            reader.folder(absolute);
        } else {
            reader.table(absolute);
        }
        if (!reader.unknown.isEmpty()) {
            throw new UserException(source + ": no class of " + format.key() + ": "
                    + String.join(", ", reader.unknown.values()) + ". Expected "
                    + String.join(", ", format.labels()) + "; use --merge LABEL=CLASS or --drop LABEL.");
        }
        if (reader.sources.isEmpty()) {
            throw new UserException(source + ": no videos or photographs with a class in it. Put them into a folder per"
                    + " class, or give a list path,label.");
        }
        return reader;
    }

    /** Files and rows that are left out since they have no label. */
    public int unlabelled() {
        return unlabelled;
    }

    /** Stretches by file, in their order. */
    Map<Path, List<Source>> byFile() {
        Map<Path, List<Source>> files = new LinkedHashMap<>();
        sources.forEach(source -> files.computeIfAbsent(source.file(), unseen -> new ArrayList<>())
                .add(source));
        return files;
    }

    /** How many groups there are, of which none may come into two parts. */
    long groups() {
        return sources.stream().map(Source::group).distinct().count();
    }

    /** Throws where some stretches tell their part and others do not, or one that is not there. */
    void requireParts(List<String> parts) {
        if (sources.stream().allMatch(source -> source.part().isEmpty())) {
            return;
        }
        for (Source source : sources) {
            if (!parts.contains(source.part())) {
                throw new UserException(source.describe() + ": found \"" + source.part()
                        + "\" as its fold or split, expected one of " + String.join(", ", parts) + ".");
            }
        }
    }

    /** Whether a file's name says that it is a photograph or a video. */
    private static boolean hasMediaName(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return !name.startsWith(".")
                && (ImageFile.hasImageName(file) || VIDEOS.contains(name.substring(name.lastIndexOf('.') + 1)));
    }

    /** The class is the first folder below. */
    private void folder(Path root) {
        try (Stream<Path> found = Files.walk(root)) {
            for (Path file : found.filter(Files::isRegularFile).sorted().toList()) {
                Path inside = root.relativize(file);
                if (hasMediaName(file)) {
                    String label = inside.getNameCount() > 1 ? inside.getName(0).toString() : "";
                    add(Source.of(file, label, personOf(file)));
                }
            }
        } catch (IOException e) {
            throw new UserException(root + ": cannot be read (" + e.getMessage() + ").", e);
        }
    }

    private void table(Path list) {
        for (CsvTable.Row row : CsvTable.read(list)) {
            String name = row.first(FILE);
            if (name.isEmpty()) {
                throw row.error("no file, expected one in a column " + String.join(" or ", FILE) + ".");
            }
            Path file = list.resolveSibling(name).normalize();
            String known = row.first(PERSON);
            boolean inFrames =
                    !row.get("start_frame").isEmpty() || !row.get("end_frame").isEmpty();
            add(new Source(
                    file,
                    row.first(LABEL),
                    known.isEmpty() ? personOf(file) : known,
                    row.first(PART),
                    number(row, inFrames ? "start_frame" : "start", 0),
                    number(row, inFrames ? "end_frame" : "end", Double.POSITIVE_INFINITY),
                    inFrames));
        }
    }

    private static double number(CsvTable.Row row, String column, double otherwise) {
        String text = row.get(column).strip();
        if (text.isEmpty()) {
            return otherwise;
        }
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            throw row.error("found \"" + text + "\" as " + column + ", expected a number. Mend it.");
        }
    }

    /** Under its class; files without one are left out, and classes that the format does not have remembered. */
    private void add(Source source) {
        if (source.label().isEmpty()) {
            unlabelled++;
            return;
        }
        String label = classOf.apply(named(source.label()));
        if (label.isEmpty()) {
            return;
        }
        if (!format.labels().isEmpty() && DatasetFormat.classNamed(format.labels(), label) < 0) {
            unknown.putIfAbsent(label, label + " (" + source.file().getFileName() + ")");
            return;
        }
        sources.add(source.withLabel(label));
    }

    /** The name of a class that a list gives as the format's number, from 0. */
    private String named(String label) {
        boolean number = label.matches("\\d{1,2}")
                && Integer.parseInt(label) < format.labels().size();
        return number ? format.labels().get(Integer.parseInt(label)) : label;
    }

    private String personOf(Path file) {
        if (person == null) {
            return "";
        }
        String name = file.getFileName().toString();
        Matcher matcher = person.matcher(name.contains(".") ? name.substring(0, name.lastIndexOf('.')) : name);
        String found = matcher.find() ? matcher.group(1) : null;
        return found == null ? "" : found;
    }
}
