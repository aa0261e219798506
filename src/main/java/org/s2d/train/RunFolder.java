package org.s2d.train;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.s2d.tensor.UserException;
import org.s2d.weights.AtomicFile;

/** The files of a run. */
record RunFolder(Path path) {
    /** Makes the folder where needed; throws {@link UserException} when nothing can be written into it. */
    static RunFolder create(String outputDir) {
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

    Path last() {
        return path.resolve("last.pth");
    }

    Path best() {
        return path.resolve("best.pth");
    }

    Path file(String name) {
        return path.resolve(name);
    }

    void writeText(String name, String text) {
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
