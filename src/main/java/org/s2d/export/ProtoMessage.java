package org.s2d.export;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.s2d.weights.AtomicFile;

/**
 * A message in the wire format of Protocol Buffers, as far as ONNX needs it: a sequence of fields, each a varint {@code number * 8 + kind}
 * followed by its value. Kinds: 0 a varint (seven bits per byte, lowest first, the top bit says that more follow), 5 four bytes, 2 a varint of
 * length and that many bytes: text, a packed list or a message. Large values are not copied before they are written.
 */
final class ProtoMessage {
    private static final int VARINT = 0;
    private static final int BYTES = 2;
    private static final int FOUR_BYTES = 5;
    private static final int CHUNK = 1 << 26;

    /** Something of a known size that can be written. */
    private sealed interface Part {
        record Bytes(MemorySegment bytes) implements Part {}

        record Nested(ProtoMessage message) implements Part {}
    }

    private final List<Part> parts = new ArrayList<>();
    private long size;

    /** Bytes of this message when written. */
    long size() {
        return size;
    }

    ProtoMessage integer(int field, long value) {
        return small(out -> {
            varint(out, field << 3 | VARINT);
            varint(out, value);
        });
    }

    ProtoMessage real(int field, float value) {
        int bits = Float.floatToIntBits(value);
        return small(out -> {
            varint(out, field << 3 | FOUR_BYTES);
            for (int shift = 0; shift < 32; shift += 8) {
                out.write(bits >>> shift);
            }
        });
    }

    ProtoMessage text(int field, String value) {
        return bytes(field, MemorySegment.ofArray(value.getBytes(StandardCharsets.UTF_8)));
    }

    /** A packed list. */
    ProtoMessage integers(int field, long... values) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        for (long value : values) {
            varint(packed, value);
        }
        return bytes(field, MemorySegment.ofArray(packed.toByteArray()));
    }

    ProtoMessage message(int field, ProtoMessage value) {
        header(field, value.size);
        parts.add(new Part.Nested(value));
        size += value.size;
        return this;
    }

    /** Bytes that must stay as they are until this message is written. */
    ProtoMessage bytes(int field, MemorySegment value) {
        header(field, value.byteSize());
        parts.add(new Part.Bytes(value));
        size += value.byteSize();
        return this;
    }

    private void header(int field, long length) {
        small(out -> {
            varint(out, field << 3 | BYTES);
            varint(out, length);
        });
    }

    @FunctionalInterface
    private interface Writing {
        void to(ByteArrayOutputStream out);
    }

    private ProtoMessage small(Writing writing) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writing.to(out);
        parts.add(new Part.Bytes(MemorySegment.ofArray(out.toByteArray())));
        size += out.size();
        return this;
    }

    private static void varint(ByteArrayOutputStream out, long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) (rest & 0x7f) | 0x80);
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    void writeTo(FileChannel channel) throws IOException {
        for (Part part : parts) {
            switch (part) {
                case Part.Bytes bytes -> write(channel, bytes.bytes());
                case Part.Nested nested -> nested.message().writeTo(channel);
            }
        }
    }

    /** Writes a segment of any size. */
    static void write(FileChannel channel, MemorySegment bytes) throws IOException {
        for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
            long length = Math.min(CHUNK, bytes.byteSize() - at);
            AtomicFile.writeFully(channel, bytes.asSlice(at, length).asByteBuffer());
        }
    }
}
