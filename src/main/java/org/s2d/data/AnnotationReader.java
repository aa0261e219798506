package org.s2d.data;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.s2d.data.TextTable.Row;
import org.s2d.data.image.ImageFile;
import org.s2d.tensor.UserException;

/**
 * Reads the annotation lists of {@link DatasetFormat}. Every error is a {@link UserException} of one line with the
 * list's name and the line number.
 */
public final class AnnotationReader {
    /** Names of header cells, the surest first: FERV39K calls its label id, others call the clip so. */
    private static final List<String> PATH_COLUMNS = List.of(
            "path", "file", "filename", "video_name", "clip_name", "image_path", "video", "clip", "image", "name");

    private static final List<String> LABEL_COLUMNS =
            List.of("label", "labels", "label_id", "class", "class_id", "emotion", "expression", "target", "id");

    /** Which column says what. Without a header line they are called path and label. */
    private record Columns(int path, int label, List<String> names, boolean header) {}

    private record Entry(int line, String path, String label) {}

    private final DatasetFormat format;
    private final Path list;
    private final Path mediaRoot;
    private final ListOptions options;
    private final List<String> notes = new ArrayList<>();

    private AnnotationReader(DatasetFormat format, Path list, Path mediaRoot, ListOptions options) {
        this.format = format;
        this.list = list;
        this.mediaRoot = mediaRoot;
        this.options = options;
    }

    /** Reads a list whose media paths are relative to a folder. */
    public static ClipList read(DatasetFormat format, Path list, Path mediaRoot, ListOptions options) {
        return new AnnotationReader(format, list, mediaRoot, options).read();
    }

    private ClipList read() {
        List<Entry> entries = entries(TextTable.read(list));
        if (entries.isEmpty()) {
            throw new UserException(list + ": no clips in this list"
                    + (options.where().isEmpty() ? "." : " where " + options.where() + "."));
        }
        LabelTable labels = LabelTable.of(
                list.toString(),
                format,
                options,
                entries.stream().map(Entry::label).toList(),
                notes);
        List<Sample> samples = new ArrayList<>();
        for (Entry entry : entries) {
            int label = labels.indexOf(entry.label, entry.line);
            samples.add(new Sample(idOf(entry.path), media(entry), label));
        }
        return new ClipList(list.toString(), labels.names(), samples, notes);
    }

    private List<Entry> entries(List<Row> rows) {
        if (rows.isEmpty()) {
            return List.of();
        }
        Columns columns = columns(rows.getFirst());
        List<Entry> entries = new ArrayList<>();
        for (Row row : columns.header ? rows.subList(1, rows.size()) : rows) {
            int expected = columns.names.size();
            if (row.fields().size() != expected) {
                throw error(row.line(), row.fields().size() + " fields, expected " + expected + ": path and label.");
            }
            String path = row.fields().get(columns.path);
            String label = row.fields().get(columns.label);
            if (path.isEmpty() || label.isEmpty()) {
                throw error(row.line(), (path.isEmpty() ? "path" : "label") + " is empty.");
            }
            if (selected(row, columns)) {
                entries.add(new Entry(row.line(), path, label));
            }
        }
        return entries;
    }

    /** A header is a first line with a known name for the label column; else it is the first clip. */
    private Columns columns(Row first) {
        List<String> names = first.fields().stream()
                .map(name -> name.toLowerCase(Locale.ROOT))
                .toList();
        int path = firstIn(names, PATH_COLUMNS);
        int label = firstIn(names, LABEL_COLUMNS);
        if (label < 0 || label == path) {
            List<String> unnamed = List.of("path", "label");
            if (!unnamed.containsAll(options.where().keySet())) {
                throw error(
                        first.line(),
                        "rows are selected by " + options.where().keySet()
                                + ", but the list has no header line with path and label.");
            }
            return new Columns(0, 1, unnamed, false);
        }
        for (String column : options.where().keySet()) {
            if (!names.contains(column.toLowerCase(Locale.ROOT))) {
                throw error(first.line(), "no column '" + column + "', found " + String.join(", ", names) + ".");
            }
        }
        return new Columns(Math.max(path, 0), label, names, true);
    }

    private static int firstIn(List<String> names, List<String> wanted) {
        for (String column : wanted) {
            if (names.contains(column)) {
                return names.indexOf(column);
            }
        }
        return -1;
    }

    private boolean selected(Row row, Columns columns) {
        for (Map.Entry<String, String> wanted : options.where().entrySet()) {
            int column = columns.names.indexOf(wanted.getKey().toLowerCase(Locale.ROOT));
            if (!matches(row.fields().get(column), wanted.getValue())) {
                return false;
            }
        }
        return true;
    }

    /** A wanted value that ends in * stands for all that begin so. */
    private static boolean matches(String field, String wanted) {
        return wanted.endsWith("*") ? field.startsWith(wanted.substring(0, wanted.length() - 1)) : field.equals(wanted);
    }

    private String idOf(String path) {
        return format == DatasetFormat.MAFW && path.endsWith(".mp4") ? path.substring(0, path.length() - 4) : path;
    }

    private Media media(Entry entry) {
        Path path = resolve(entry);
        if (Files.isDirectory(path)) {
            return new Media.FrameFolder(path);
        }
        if (ImageFile.hasImageName(path)) {
            if (options.requireMedia() && !Files.isRegularFile(path)) {
                throw error(entry.line, "image " + path + " does not exist. Check the media folder.");
            }
            return new Media.Photo(path);
        }
        if (options.requireMedia() && Files.isRegularFile(path)) {
            throw error(
                    entry.line,
                    path + " is neither a folder of frames nor a JPEG, PNG or BMP image. Make clips of videos first:"
                            + " ./s2d prepare " + list + " FOLDER");
        }
        if (options.requireMedia()) {
            throw error(entry.line, "clip " + path + " does not exist. Check the media folder.");
        }
        return new Media.FrameFolder(path);
    }

    private Path resolve(Entry entry) {
        try {
            return switch (format) {
                case RAF_DB -> aligned(entry.path);
                case DFEW -> framesOf(padded(entry.path));
                default -> framesOf(mediaRoot.resolve(idOf(entry.path)));
            };
        } catch (InvalidPathException e) {
            throw new UserException(list + ":" + entry.line + ": not a path: '" + entry.path + "'.", e);
        }
    }

    /** Lists often name the video that the frames in a folder of its name are from. */
    private static Path framesOf(Path named) {
        String name = String.valueOf(named.getFileName());
        int dot = name.lastIndexOf('.');
        Path folder = dot < 1 ? named : named.resolveSibling(name.substring(0, dot));
        return !ImageFile.hasImageName(named) && Files.isDirectory(folder) ? folder : named;
    }

    /** The published pictures have {@code _aligned} in their names, which the list leaves out. */
    private Path aligned(String name) {
        int dot = name.lastIndexOf('.');
        Path file = mediaRoot.resolve(dot < 0 ? name : name.substring(0, dot) + "_aligned" + name.substring(dot));
        return Files.exists(file) || !Files.exists(mediaRoot.resolve(name)) ? file : mediaRoot.resolve(name);
    }

    /** Spreadsheets strip the zeros from 02522; the folder keeps them. */
    private Path padded(String name) {
        Path folder = mediaRoot.resolve(name);
        if (!name.matches("\\d{1,4}") || Files.exists(folder)) {
            return folder;
        }
        return mediaRoot.resolve("0".repeat(5 - name.length()) + name);
    }

    private UserException error(int line, String message) {
        return new UserException(list + ":" + line + ": " + message);
    }
}
