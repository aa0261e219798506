package org.s2d.data;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.s2d.data.image.ImageFile;
import org.s2d.tensor.UserException;

/** Where the pictures of a clip lie. */
public sealed interface Media {
    /** The file or folder. */
    Path path();

    /** The image files in the order of time; never empty. */
    List<Path> frames();

    /** One photograph: a clip of one frame. */
    record Photo(Path path) implements Media {
        @Override
        public List<Path> frames() {
            return List.of(path);
        }
    }

    /** A folder with one image file per frame, in the order of their names. */
    record FrameFolder(Path path) implements Media {
        @Override
        public List<Path> frames() {
            List<Path> files = new ArrayList<>();
            if (Files.isRegularFile(path)) {
                throw new UserException(
                        path + ": a file where a folder of frames is expected. Make clips of videos first:"
                                + " ./s2d prepare LIST FOLDER");
            }
            try (DirectoryStream<Path> entries = Files.newDirectoryStream(path, ImageFile::hasImageName)) {
                entries.forEach(files::add);
            } catch (IOException e) {
                throw new UserException(path + ": folder of frames cannot be read (" + e.getMessage() + ").", e);
            }
            if (files.isEmpty()) {
                throw new UserException(path + ": no frames in this folder, expected *.jpg, *.png or *.bmp files."
                        + " Extract them again, or skip bad clips.");
            }
            Collections.sort(files);
            return files;
        }
    }
}
