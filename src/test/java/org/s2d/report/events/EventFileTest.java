package org.s2d.report.events;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.DescriptorProtos.DescriptorProto;
import com.google.protobuf.DescriptorProtos.FieldDescriptorProto;
import com.google.protobuf.DescriptorProtos.FileDescriptorProto;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
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
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Event files parsed back by Google's protocol-buffer library and by a checksum computed bit by bit. */
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
        List<DynamicMessage> events = read(file);
        assertThat(events).hasSize(3);
        assertThat(get(events.get(0), "file_version")).isEqualTo("brain.Event:2");
        assertThat((double) get(events.get(0), "wall_time")).isCloseTo(1767268800.5, within(1e-6));
        assertThat(get(events.get(1), "step")).isEqualTo(300L);
        List<?> scalars = (List<?>) get(events.get(1), "summary", "value");
        assertThat(scalars).hasSize(2);
        assertThat(get(scalars.get(0), "tag")).isEqualTo("train/loss");
        assertThat(get(scalars.get(0), "simple_value")).isEqualTo(1.25f);
        assertThat(get(scalars.get(1), "tag")).isEqualTo("größe");
        assertThat(get(scalars.get(1), "simple_value")).isEqualTo(-3f);
        assertThat(get(events.get(2), "step")).isEqualTo(1L << 40);
        Object shown = ((List<?>) get(events.get(2), "summary", "value")).getFirst();
        assertThat(get(shown, "tag")).isEqualTo("report/faces");
        assertThat(get(shown, "image", "width")).isEqualTo(5);
        assertThat(get(shown, "image", "height")).isEqualTo(3);
        assertThat(get(shown, "image", "colorspace")).isEqualTo(3);
        byte[] png = ((com.google.protobuf.ByteString) get(shown, "image", "encoded_image_string")).toByteArray();
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
        assertThat(read(file).stream().skip(1).map(event -> get(event, "step"))).containsExactly(1L, 2L, 3L, 4L);
        Object last = ((List<?>) get(read(file).getLast(), "summary", "value")).getFirst();
        assertThat(get(last, "simple_value")).isEqualTo(9f);
        Files.write(file, new byte[] {1, 2, 3});
        EventFile.resume(file, 3, NOON).close();
        assertThat(read(file)).hasSize(1);
        EventFile.resume(folder.resolve("tfevents.new"), 3, NOON).close();
        assertThat(read(folder.resolve("tfevents.new"))).hasSize(1);
    }

    private static Object get(Object message, String... fields) {
        Object value = message;
        for (String field : fields) {
            DynamicMessage at = (DynamicMessage) value;
            value = at.getField(at.getDescriptorForType().findFieldByName(field));
        }
        return value;
    }

    /** All events, with every length and checksum checked. */
    private static List<DynamicMessage> read(Path file) throws Exception {
        ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        Descriptor event = schema().findMessageTypeByName("Event");
        List<DynamicMessage> events = new ArrayList<>();
        while (in.hasRemaining()) {
            byte[] length = new byte[8];
            in.get(in.position(), length);
            byte[] content = new byte[Math.toIntExact(in.getLong())];
            assertThat(in.getInt()).as("checksum of the length").isEqualTo(masked(length));
            in.get(content);
            assertThat(in.getInt()).as("checksum of the content").isEqualTo(masked(content));
            DynamicMessage message = DynamicMessage.parseFrom(event, content);
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

    /** The parts of TensorFlow's event.proto and summary.proto that we write, by their published field numbers. */
    private static FileDescriptor schema() throws Exception {
        DescriptorProto image = message(
                "Image",
                field("height", 1, FieldDescriptorProto.Type.TYPE_INT32),
                field("width", 2, FieldDescriptorProto.Type.TYPE_INT32),
                field("colorspace", 3, FieldDescriptorProto.Type.TYPE_INT32),
                field("encoded_image_string", 4, FieldDescriptorProto.Type.TYPE_BYTES));
        DescriptorProto value = message(
                "Value",
                field("tag", 1, FieldDescriptorProto.Type.TYPE_STRING),
                field("simple_value", 2, FieldDescriptorProto.Type.TYPE_FLOAT),
                field("image", 4, FieldDescriptorProto.Type.TYPE_MESSAGE).setTypeName("Image"));
        DescriptorProto summary = message(
                "Summary",
                field("value", 1, FieldDescriptorProto.Type.TYPE_MESSAGE)
                        .setTypeName("Value")
                        .setLabel(FieldDescriptorProto.Label.LABEL_REPEATED));
        DescriptorProto event = message(
                "Event",
                field("wall_time", 1, FieldDescriptorProto.Type.TYPE_DOUBLE),
                field("step", 2, FieldDescriptorProto.Type.TYPE_INT64),
                field("file_version", 3, FieldDescriptorProto.Type.TYPE_STRING),
                field("summary", 5, FieldDescriptorProto.Type.TYPE_MESSAGE).setTypeName("Summary"));
        FileDescriptorProto file = FileDescriptorProto.newBuilder()
                .setName("event.proto")
                .setSyntax("proto3")
                .addAllMessageType(List.of(image, value, summary, event))
                .build();
        return FileDescriptor.buildFrom(file, new FileDescriptor[0]);
    }

    private static FieldDescriptorProto.Builder field(String name, int number, FieldDescriptorProto.Type type) {
        return FieldDescriptorProto.newBuilder()
                .setName(name)
                .setNumber(number)
                .setType(type)
                .setLabel(FieldDescriptorProto.Label.LABEL_OPTIONAL);
    }

    private static DescriptorProto message(String name, FieldDescriptorProto.Builder... fields) {
        DescriptorProto.Builder message = DescriptorProto.newBuilder().setName(name);
        Arrays.stream(fields).forEach(message::addField);
        return message.build();
    }
}
