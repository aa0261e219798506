package org.s2d.data.prepare;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriteParam;
import javax.imageio.ImageWriter;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.UserException;

/** The files of a clip data set below one folder: frame folders, pictures and lists of {@code path,label}. */
public final class DatasetWriter {
    private static final float JPEG_QUALITY = 0.95f;

    /** A folder that cannot be written, or has no room. */
    static final class UnwritableException extends UserException {
        private static final long serialVersionUID = 1;

        UnwritableException(String message, IOException cause) {
            super(message, cause);
        }
    }

    private final Path root;

    /** Creates the folder where it does not exist. */
    public DatasetWriter(Path root) {
        this.root = root;
        try {
            Files.createDirectories(root);
        } catch (IOException e) {
            throw unwritable(root, e);
        }
    }

    /** One row of a list; the path is relative to the data set's folder, with forward slashes. */
    public record Entry(String path, String label) {}

    /** Writes encoded frames as FOLDER/00.EXTENSION, 01, ... in order. */
    public void clip(String folder, List<byte[]> frames, String extension) {
        for (int i = 0; i < frames.size(); i++) {
            file(folder + "/" + frameName(i, frames.size(), extension), frames.get(i));
        }
    }

    /** Names that sort as the frames do. */
    private static String frameName(int frame, int count, String extension) {
        int digits = Math.max(2, Integer.toString(count - 1).length());
        return String.format(Locale.ROOT, "%0" + digits + "d.%s", frame, extension);
    }

    /** Moves frames from elsewhere into a clip's folder, which replaces an earlier one. */
    void moveClip(String folder, List<Path> frames, String extension) {
        clear(folder);
        Path target = root.resolve(folder);
        try {
            Files.createDirectories(target);
            for (int i = 0; i < frames.size(); i++) {
                Files.move(frames.get(i), target.resolve(frameName(i, frames.size(), extension)));
            }
        } catch (IOException e) {
            throw unwritable(target, e);
        }
    }

    public void file(String relative, byte[] content) {
        Path file = root.resolve(relative);
        try {
            Path folder = file.getParent();
            if (folder != null) {
                Files.createDirectories(folder);
            }
            Files.write(file, content);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    /** Writes a list with the header {@code path,label}. Neither may hold a comma, quote or line break. */
    public void list(String name, List<Entry> entries) {
        StringBuilder text = new StringBuilder("path,label\n");
        for (Entry entry : entries) {
            text.append(plain(entry.path()))
                    .append(',')
                    .append(plain(entry.label()))
                    .append('\n');
        }
        lines(name, text.toString());
    }

    /** Class names, one a line; the line number from 0 is the class id. */
    public void classes(String name, List<String> labels) {
        lines(name, String.join("\n", labels) + "\n");
    }

    void lines(String name, String text) {
        file(name, text.getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    /** Removes files and folders of an earlier preparation, so that no stale clip or list remains. */
    public void clear(String... names) {
        for (String name : names) {
            remove(root.resolve(name));
        }
    }

    private static void remove(Path path) {
        if (!Files.exists(path)) {
            return;
        }
        try (Stream<Path> found = Files.walk(path)) {
            for (Path old : found.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(old);
            }
        } catch (IOException e) {
            throw unwritable(path, e);
        }
    }

    /**
     * Runs the tasks 0..count-1 on all processors. Each must depend on its index alone. After a failure no further task starts, and it
     * is thrown when none runs any more.
     */
    public static void forEach(int count, Progress progress, IntConsumer task) {
        AtomicInteger done = new AtomicInteger();
        AtomicReference<@Nullable RuntimeException> failure = new AtomicReference<>();
        Object turn = new Object();
        IntStream.range(0, count).parallel().forEach(i -> {
            if (failure.get() != null) {
                return;
            }
            try {
                task.accept(i);
            } catch (RuntimeException e) {
                failure.compareAndSet(null, e);
                return;
            }
            synchronized (turn) {
                progress.advanced(done.incrementAndGet(), count);
            }
        });
        RuntimeException failed = failure.get();
        if (failed != null) {
            throw failed;
        }
    }

    /** A picture as a file of a kind: jpg or png. */
    static byte[] encode(BufferedImage image, String extension) {
        return extension.equals("png") ? png(image) : jpeg(image);
    }

    private static byte[] png(BufferedImage image) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            ImageIO.write(image, "png", bytes);
        } catch (IOException e) {
            throw new IllegalStateException("PNG encoding in memory failed", e);
        }
        return bytes.toByteArray();
    }

    /** A colour JPEG with three components at high quality. */
    public static byte[] jpeg(BufferedImage image) {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("jpeg").next();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (MemoryCacheImageOutputStream output = new MemoryCacheImageOutputStream(bytes)) {
            ImageWriteParam parameters = writer.getDefaultWriteParam();
            parameters.setCompressionMode(ImageWriteParam.MODE_EXPLICIT);
            parameters.setCompressionQuality(JPEG_QUALITY);
            writer.setOutput(output);
            writer.write(null, new IIOImage(image, null, null), parameters);
        } catch (IOException e) {
            throw new IllegalStateException("JPEG encoding in memory failed", e);
        } finally {
            writer.dispose();
        }
        return bytes.toByteArray();
    }

    private static String plain(String field) {
        if (field.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r')) {
            throw new UserException("'" + field.strip()
                    + "': holds a comma, a quote or a line break, which a path,label list cannot. Rename it.");
        }
        return field;
    }

    private static UnwritableException unwritable(Path path, IOException cause) {
        return new UnwritableException(
                path + ": cannot be written (" + cause.getClass().getSimpleName() + ": " + cause.getMessage()
                        + "). Check that the folder is writable and has room.",
                cause);
    }
}
