package org.s2d.data.video;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.s2d.data.image.Image;
import org.s2d.tensor.UserException;

/**
 * The frames of a video file in the order of time, upright, as RGB. FFmpeg decodes them in a process of its own: a file that crashes it, or
 * keeps it busy without end, costs one clear message. Not for several threads.
 *
 * @see VideoOptions
 */
public final class VideoReader implements AutoCloseable {
    private static final int BUFFER = 1 << 20;
    private static final int PATIENCE_SECONDS = 60;
    private static final int LARGEST_SIDE = 1 << 14;

    private final Path file;
    private final Process process;
    private final DataInputStream in;
    private final VideoInfo info;
    private volatile long lastSign = System.nanoTime();
    private volatile boolean waiting;
    private volatile boolean stuck;
    private int damaged;
    private boolean ended;

    private VideoReader(Path file, Process process) {
        this.file = file;
        this.process = process;
        in = new DataInputStream(new BufferedInputStream(process.getInputStream(), BUFFER));
        Thread.ofPlatform().daemon().name("s2d-video-watch").start(this::watch);
        try {
            info = readInfo();
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Starts decoding; throws {@link UserException} when the file is missing or no video. */
    public static VideoReader open(Path file, VideoOptions options) {
        if (!Files.isRegularFile(file)) {
            throw new UserException(file + ": no such file.");
        }
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        List<String> command = List.of(
                java,
                "-Xmx512m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-UsePerfData",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                classPath(),
                DecoderMain.class.getName(),
                file.toAbsolutePath().toString(),
                Double.toString(options.framesPerSecond()),
                Integer.toString(options.longSide()));
        try {
            File nothing = new File("/dev/null");
            Process process = new ProcessBuilder(command)
                    .redirectInput(nothing)
                    .redirectError(Redirect.DISCARD)
                    .directory(new File(System.getProperty("java.io.tmpdir"))) // a crash report would land here
                    .start();
            return new VideoReader(file, process);
        } catch (IOException e) {
            throw new UserException(file + ": the decoder cannot be started (" + e.getMessage() + ").", e);
        }
    }

    /** Ours, absolute: the decoder starts in another folder. */
    private static String classPath() {
        return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .map(entry -> Path.of(entry).toAbsolutePath().toString())
                .collect(Collectors.joining(File.pathSeparator));
    }

    public VideoInfo info() {
        return info;
    }

    /** Parts of the file that could not be decoded and were left out; final after the last frame. */
    public int damagedParts() {
        return damaged;
    }

    /** The next frame; empty after the last. */
    public Optional<VideoFrame> next() {
        if (ended) {
            return Optional.empty();
        }
        try {
            int tag = readTag();
            if (tag == DecoderProtocol.END) {
                ended = true;
                damaged = in.readInt();
                return Optional.empty();
            }
            require(tag, DecoderProtocol.FRAME);
            double seconds = in.readDouble();
            byte[] rgb = new byte[3 * info.width() * info.height()];
            in.readFully(rgb);
            return Optional.of(new VideoFrame(seconds, new Image(info.width(), info.height(), rgb)));
        } catch (IOException e) {
            throw broken(e);
        }
    }

    private VideoInfo readInfo() {
        try {
            require(readTag(), DecoderProtocol.INFO);
            VideoInfo read = new VideoInfo(in.readInt(), in.readInt(), in.readDouble(), in.readDouble());
            if (read.width() < 1 || read.height() < 1 || Math.max(read.width(), read.height()) > LARGEST_SIDE) {
                throw new IOException("frames of " + read.width() + " x " + read.height());
            }
            return read;
        } catch (IOException e) {
            throw broken(e);
        }
    }

    private int readTag() throws IOException {
        lastSign = System.nanoTime();
        waiting = true;
        try {
            return in.readByte();
        } finally {
            waiting = false;
        }
    }

    private void require(int tag, int expected) throws IOException {
        if (tag == DecoderProtocol.FAILED) {
            ended = true;
            throw new UserException(file + ": " + in.readUTF() + ".");
        }
        if (tag != expected) {
            throw new IOException("unexpected record " + tag);
        }
    }

    /** The decoder went away, by itself or because it was stuck. */
    private UserException broken(IOException e) {
        ended = true;
        String reason = stuck ? "gave no frame for " + PATIENCE_SECONDS + " s" : "ended without a result";
        return new UserException(
                file + ": the decoder " + reason + "; the file is damaged. Convert it, for example to mp4.", e);
    }

    /** Ends a decoder that we have waited for too long. */
    private void watch() {
        try {
            while (!process.waitFor(1, TimeUnit.SECONDS)) {
                long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - lastSign);
                if (waiting && seconds >= PATIENCE_SECONDS) {
                    stuck = true;
                    process.destroyForcibly();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the decoder, wherever it is. */
    @Override
    public void close() {
        process.destroyForcibly();
        try {
            in.close();
        } catch (IOException e) {
            throw new UserException(file + ": " + e.getMessage(), e);
        }
    }
}
