package org.s2d.report.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tensorflow.proto.Event;
import org.tensorflow.proto.Summary;

/** Event files parsed back by TensorFlow's own message classes and by a checksum computed bit by bit. */
class EventFileTest {
    private static final InstantSource NOON = () -> Instant.parse("2026-01-01T12:00:00.5Z");

    @TempDir
    Path folder;

    @Test
    void anIndependentReaderFindsScalarsAndPictures() throws Exception {
        Path file = folder.resolve("events.out.tfevents.1");
        BufferedImage picture = new BufferedImage(5, 3, BufferedImage.TYPE_INT_RGB);
        picture.setRGB(4, 2, 0x123456);
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("train/loss", 1.25);
        values.put("train/grad_norm", Double.NaN);
        values.put("größe", -3.0);
        try (EventFile events = EventFile.create(file, NOON)) {
            events.scalars(300, values);
            events.image(1L << 40, "report/faces", picture);
        }
        List<Event> events = read(file);
        assertThat(events).hasSize(3);
        assertThat(events.get(0).getFileVersion()).isEqualTo("brain.Event:2");
        assertThat(events.get(0).getWallTime()).isCloseTo(1767268800.5, within(1e-6));
        assertThat(events.get(1).getStep()).isEqualTo(300L);
        List<Summary.Value> scalars = events.get(1).getSummary().getValueList();
        assertThat(scalars).hasSize(2);
        assertThat(scalars.get(0).getTag()).isEqualTo("train/loss");
        assertThat(scalars.get(0).getSimpleValue()).isEqualTo(1.25f);
        assertThat(scalars.get(1).getTag()).isEqualTo("größe");
        assertThat(scalars.get(1).getSimpleValue()).isEqualTo(-3f);
        assertThat(events.get(2).getStep()).isEqualTo(1L << 40);
        Summary.Value shown = events.get(2).getSummary().getValue(0);
        assertThat(shown.getTag()).isEqualTo("report/faces");
        assertThat(shown.getImage().getWidth()).isEqualTo(5);
        assertThat(shown.getImage().getHeight()).isEqualTo(3);
        assertThat(shown.getImage().getColorspace()).isEqualTo(3);
        byte[] png = shown.getImage().getEncodedImageString().toByteArray();
        assertThat(ImageIO.read(new ByteArrayInputStream(png)).getRGB(4, 2) & 0xffffff)
                .isEqualTo(0x123456);
    }

    @Test
    void resumingDropsLaterEventsAndAHalfWrittenOne() throws Exception {
        Path file = folder.resolve("events.out.tfevents.1");
        try (EventFile events = EventFile.create(file, NOON)) {
            for (int step = 1; step <= 5; step++) {
                events.scalars(step, Map.of("loss", 1.0 / step));
            }
        }
        Files.write(file, new byte[] {9, 9, 9}, StandardOpenOption.APPEND);
        try (EventFile events = EventFile.resume(file, 3, NOON)) {
            events.scalars(4, Map.of("loss", 9.0));
        }
        assertThat(read(file).stream().skip(1).map(Event::getStep)).containsExactly(1L, 2L, 3L, 4L);
        assertThat(read(file).getLast().getSummary().getValue(0).getSimpleValue())
                .isEqualTo(9f);
        Files.write(file, new byte[] {1, 2, 3});
        EventFile.resume(file, 3, NOON).close();
        assertThat(read(file)).hasSize(1);
        EventFile.resume(folder.resolve("tfevents.new"), 3, NOON).close();
        assertThat(read(folder.resolve("tfevents.new"))).hasSize(1);
    }

    /** All events, with every length and checksum checked. */
    private static List<Event> read(Path file) throws Exception {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        List<Event> events = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = new byte[8];
            in.get(in.position(), length);
            byte[] content = new byte[Math.toIntExact(in.getLong())];
            assertThat(in.getInt()).as("checksum of the length").isEqualTo(masked(length));
            in.get(content);
            assertThat(in.getInt()).as("checksum of the content").isEqualTo(masked(content));
            Event message = Event.parseFrom(content);
            assertThat(message.getUnknownFields().asMap()).isEmpty();
            events.add(message);
        }
        return events;
    }

    /** Castagnoli's CRC by its definition; 123456789 gives E3069283. */
    private static int checksum(byte[] bytes) {
        int crc = -1;
        for (byte b : bytes) {
            crc ^= b & 0xff;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc & 1) == 0 ? crc >>> 1 : (crc >>> 1) ^ 0x82F63B78;
            }
        }
        return ~crc;
    }

    private static int masked(byte[] bytes) {
        int crc = checksum(bytes);
        return ((crc >>> 15) | (crc << 17)) + 0xa282ead8;
    }

    @Test
    void theTestsOwnChecksumIsRight() {
        assertThat(checksum("123456789".getBytes(java.nio.charset.StandardCharsets.US_ASCII)))
                .isEqualTo(0xE3069283);
    }
}
