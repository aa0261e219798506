package org.s2d.report;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import javax.imageio.ImageIO;
import org.s2d.tensor.UserException;

/** Files that are either the old or the new content, never a half. */
final class Output {
    private Output() {}

    static void png(BufferedImage image, Path file) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            ImageIO.write(image, "png", bytes);
            replace(file, bytes.toByteArray());
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    static void replace(Path file, byte[] content) throws IOException {
        Path absolute = file.toAbsolutePath();
        Path folder = absolute.getParent();
        if (folder != null) {
            Files.createDirectories(folder);
        }
        Path temporary = absolute.resolveSibling("." + absolute.getFileName() + ".tmp");
        Files.write(temporary, content);
        Files.move(temporary, absolute, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    static UserException unwritable(Path file, IOException cause) {
        return new UserException(
                file + ": cannot be written (" + cause.getClass().getSimpleName() + ": " + cause.getMessage()
                        + "). Check that the folder exists, is writable and has room.",
                cause);
    }
}
