package org.s2d.train.results;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.s2d.tensor.UserException;
import org.s2d.weights.AtomicFile;

/** The files of a run. */
public record RunFolder(Path path) {
    /** Makes the folder where needed; throws {@link UserException} when nothing can be written into it. */
    public static RunFolder create(String outputDir) {
        if (outputDir.isEmpty()) {
            throw new UserException("train.output_dir: no folder given. Set it in the configuration or with --output.");
        }
        Path path = Path.of(outputDir);
        try {
            Files.createDirectories(path);
        } catch (IOException e) {
            throw new UserException(
                    path + ": the output folder cannot be made (" + e.getClass().getSimpleName()
                            + "). Choose another train.output_dir.",
                    e);
        }
        if (!Files.isWritable(path)) {
            throw new UserException(
                    path + ": no permission to write into the output folder. Choose another" + " train.output_dir.");
        }
        return new RunFolder(path);
    }

    /** The folder of a run that has a checkpoint; throws {@link UserException} where there is none. */
    static RunFolder existing(Path path) {
        RunFolder folder = new RunFolder(path);
        if (!Files.isRegularFile(folder.best()) && !Files.isRegularFile(folder.last())) {
            String inside = runsInside(path);
            throw new UserException(path + ": no run folder (it has neither best.pth nor last.pth)."
                    + (inside.isEmpty() ? " Give the train.output_dir of a run." : " Did you mean " + inside + "?"));
        }
        return folder;
    }

    private static String runsInside(Path path) {
        try (Stream<Path> inside = Files.list(path)) {
            return inside.filter(folder -> Files.isRegularFile(folder.resolve("last.pth")))
                    .map(Path::toString)
                    .sorted()
                    .collect(Collectors.joining(" or "));
        } catch (IOException e) {
            return "";
        }
    }

    /** The best weights by validation, or the last ones of a run without validation. */
    public Path weights() {
        return Files.isRegularFile(best()) ? best() : last();
    }

    /** The checkpoint that the run continues from; need not exist. */
    public Path last() {
        return path.resolve("last.pth");
    }

    /** The checkpoint with the best validation; need not exist. */
    public Path best() {
        return path.resolve("best.pth");
    }

    /** A file of the folder; need not exist. */
    public Path file(String name) {
        return path.resolve(name);
    }

    /** Writes a file anew, at once or not at all. */
    public void writeText(String name, String text) {
        AtomicFile.write(file(name), AtomicFile.Previous.DISCARD, text.getBytes(StandardCharsets.UTF_8));
    }

    /** A row of a log by column, in order. */
    static Map<String, Object> row(Object... columnsAndValues) {
        Map<String, Object> row = new LinkedHashMap<>();
        for (int i = 0; i < columnsAndValues.length; i += 2) {
            row.put((String) columnsAndValues[i], columnsAndValues[i + 1]);
        }
        return row;
    }
}
