package org.s2d.report.events;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import javax.imageio.ImageIO;
import org.s2d.tensor.UserException;

/**
 * Scalars and pictures by step, as TensorBoard shows them. Its name must contain {@code tfevents}. Every event is handed to the operating
 * system at once, so that a run can be watched; a killed writer leaves at most one broken record, which {@link #resume} cuts off. Field
 * numbers: TensorFlow's {@code event.proto} and {@code summary.proto}.
 */
public final class EventFile implements AutoCloseable {
    private static final String VERSION = "brain.Event:2";

    /** Fields of Event. */
    private static final int WALL_TIME = 1;

    private static final int STEP = 2;
    private static final int FILE_VERSION = 3;
    private static final int SUMMARY = 5;

    /** Fields of Summary, Summary.Value and Summary.Image. */
    private static final int VALUE = 1;

    private static final int TAG = 1;
    private static final int SIMPLE_VALUE = 2;
    private static final int IMAGE = 4;
    private static final int HEIGHT = 1;
    private static final int WIDTH = 2;
    private static final int COLOURS = 3;
    private static final int ENCODED = 4;
    private static final int RGB = 3;

    private final Path file;
    private final OutputStream out;
    private final InstantSource clock;

    private EventFile(Path file, InstantSource clock, StandardOpenOption mode) throws IOException {
        this.file = file;
        this.clock = clock;
        out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, mode);
    }

    /** A new file in place of an old one. */
    public static EventFile create(Path file, InstantSource clock) {
        try {
            EventFile events = new EventFile(file, clock, StandardOpenOption.TRUNCATE_EXISTING);
            events.write(new Message().put(WALL_TIME, events.seconds()).put(FILE_VERSION, VERSION));
            return events;
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    /** Goes on with a file behind the last event of {@code step} or before it; a new file where there is none. */
    public static EventFile resume(Path file, long step, InstantSource clock) {
        if (!Files.isRegularFile(file)) {
            return create(file, clock);
        }
        try {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                ByteBuffer all = ByteBuffer.allocate(Math.toIntExact(channel.size()));
                while (all.hasRemaining() && channel.read(all) >= 0) {
                    // reads until the file's end
                }
                channel.truncate(keptBytes(all.flip(), step));
            }
            return Files.size(file) == 0 ? create(file, clock) : new EventFile(file, clock, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private static int keptBytes(ByteBuffer file, long step) {
        for (int length = Records.contentLength(file); length >= 0; length = Records.contentLength(file)) {
            byte[] event = new byte[length];
            file.get(file.position() + Records.HEAD, event);
            if (Message.varintField(event, STEP) > step) {
                break;
            }
            file.position(file.position() + Records.HEAD + length + Records.TAIL);
        }
        return file.position();
    }

    /** Numbers of a step by tag, such as {@code train/loss}; those that are not finite are left out. */
    public void scalars(long step, Map<String, Double> values) {
        scalars(step, values, clock.instant());
    }

    /** As {@link #scalars(long, Map)}, for what happened at another time than now. */
    public void scalars(long step, Map<String, Double> values, Instant time) {
        Message summary = new Message();
        values.forEach((tag, value) -> {
            if (Double.isFinite(value)) {
                summary.put(VALUE, new Message().put(TAG, tag).put(SIMPLE_VALUE, (float) (double) value));
            }
        });
        event(step, summary, time);
    }

    /** A picture, kept as PNG. */
    public void image(long step, String tag, BufferedImage picture) {
        ByteArrayOutputStream png = new ByteArrayOutputStream();
        try {
            ImageIO.write(picture, "png", png);
        } catch (IOException e) {
            throw unwritable(file, e);
        }
        png(step, tag, picture.getWidth(), picture.getHeight(), png.toByteArray());
    }

    /** A picture that is PNG already, RGB. */
    public void png(long step, String tag, int width, int height, byte[] png) {
        Message image = new Message()
                .put(HEIGHT, (long) height)
                .put(WIDTH, (long) width)
                .put(COLOURS, (long) RGB)
                .put(ENCODED, png);
        event(step, new Message().put(VALUE, new Message().put(TAG, tag).put(IMAGE, image)), clock.instant());
    }

    private void event(long step, Message summary, Instant time) {
        write(new Message().put(WALL_TIME, seconds(time)).put(STEP, step).put(SUMMARY, summary));
    }

    private void write(Message event) {
        try {
            out.write(Records.frame(event.bytes()));
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }

    private double seconds() {
        return seconds(clock.instant());
    }

    private static double seconds(Instant time) {
        return time.toEpochMilli() / 1e3;
    }

    private static UserException unwritable(Path file, IOException cause) {
        return new UserException(
                file + ": event file cannot be written (" + cause + "). Check the folder and its room.", cause);
    }

    @Override
    public void close() {
        try {
            out.close();
        } catch (IOException e) {
            throw unwritable(file, e);
        }
    }
}
