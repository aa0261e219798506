package org.s2d.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.s2d.tensor.UserException;

/**
 * Replaces a file as a whole or not at all: the content goes to {@code NAME.tmp} in the same folder, is synced to disk
 * and renamed over the old file, then the folder is synced. Whoever is killed meanwhile leaves the old file, and a
 * temporary one that the next writing replaces.
 */
public final class AtomicFile {
    /** What becomes of the file that is replaced. */
    public enum Previous {
        DISCARD,
        /** Kept as {@code NAME.previous}; at every moment at least one of the two exists. */
        KEEP
    }

    /** Writes a file's content. */
    @FunctionalInterface
    public interface Content {
        void writeTo(FileChannel channel) throws IOException;
    }

    private AtomicFile() {}

    /** Where {@link Previous#KEEP} keeps the replaced file. */
    public static Path previous(Path target) {
        return target.resolveSibling(target.getFileName() + ".previous");
    }

    /** Writes a file; throws {@link UserException} when the folder or the disk does not let it. */
    public static void write(Path target, Previous previous, Content content) {
        Path path = target.toAbsolutePath();
        Path folder = path.getParent();
        if (folder == null || Files.isDirectory(path)) {
            throw new UserException(target + ": is a folder, expected a file name to write to.");
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new UserException(target + ": is a device or pipe, which cannot be replaced. Choose a file name.");
        }
        if (!Files.isDirectory(folder)) {
            throw new UserException(target + ": the folder " + folder + " does not exist. Create it first.");
        }
        Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
        try {
            try {
                writeSynced(temporary, content);
                if (previous == Previous.KEEP && Files.exists(path)) {
                    keep(path);
                }
                Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
                sync(folder);
            } catch (IOException | RuntimeException | Error e) {
                Files.deleteIfExists(temporary);
                throw e;
            }
        } catch (AccessDeniedException e) {
            throw new UserException(target + ": no permission to write there. Choose another folder.", e);
        } catch (IOException e) {
            throw new UserException(target + ": cannot be written (" + reason(e) + ").", e);
        } catch (UncheckedIOException e) {
            throw new UserException(target + ": cannot be written (" + e.getMessage() + ").", e);
        }
    }

    /** Writes bytes; see {@link #write(Path, Previous, Content)}. */
    public static void write(Path target, Previous previous, byte[] content) {
        write(target, previous, channel -> writeFully(channel, ByteBuffer.wrap(content)));
    }

    /** Writes all of a buffer. */
    public static void writeFully(FileChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }

    private static void writeSynced(Path temporary, Content content) throws IOException {
        Files.deleteIfExists(temporary);
        try (FileChannel channel =
                FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            content.writeTo(channel);
            channel.force(true);
        }
    }

    /** Gives the old file its second name without taking the first away: a link, renamed into place. */
    private static void keep(Path path) throws IOException {
        Path link = path.resolveSibling(path.getFileName() + ".previous.tmp");
        Files.deleteIfExists(link);
        try {
            Files.createLink(link, path);
        } catch (UnsupportedOperationException | FileSystemException e) {
            Files.copy(path, link); // a file system without hard links
        }
        Files.move(link, previous(path), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        Files.deleteIfExists(link); // renaming one name of a file to another of the same file does nothing
    }

    private static void sync(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static String reason(IOException e) {
        String reason = e instanceof FileSystemException file ? file.getReason() : e.getMessage();
        return reason == null ? e.getClass().getSimpleName() : reason;
    }
}
