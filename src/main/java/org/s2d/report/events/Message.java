package org.s2d.report.events;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** A protocol-buffer message being written, field by field, and the one reading that resuming needs. */
final class Message {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int FIXED32 = 5;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Message put(int field, long value) {
        key(field, VARINT);
        varint(value);
        return this;
    }

    Message put(int field, double value) {
        key(field, FIXED64);
        out.writeBytes(little(Long.BYTES).putDouble(value).array());
        return this;
    }

    Message put(int field, float value) {
        key(field, FIXED32);
        out.writeBytes(little(Integer.BYTES).putFloat(value).array());
        return this;
    }

    Message put(int field, byte[] value) {
        key(field, BYTES);
        varint(value.length);
        out.writeBytes(value);
        return this;
    }

    Message put(int field, String value) {
        return put(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Message put(int field, Message value) {
        return put(field, value.bytes());
    }

    byte[] bytes() {
        return out.toByteArray();
    }

    private void key(int field, int wireType) {
        varint(((long) field << 3) | wireType);
    }

    private void varint(long value) {
        long rest = value;
        while ((rest & ~0x7fL) != 0) {
            out.write((int) ((rest & 0x7f) | 0x80));
            rest >>>= 7;
        }
        out.write((int) rest);
    }

    private static ByteBuffer little(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The value of a varint field at the top of a message whose earlier fields are fixed or varints too; 0 when absent. */
    static long varintField(byte[] message, int field) {
        ByteBuffer in = ByteBuffer.wrap(message);
        while (in.hasRemaining()) {
            long key = readVarint(in);
            int wireType = (int) (key & 7);
            if (wireType == VARINT) {
                long value = readVarint(in);
                if (key >>> 3 == field) {
                    return value;
                }
            } else if (wireType == FIXED64) {
                in.position(in.position() + Long.BYTES);
            } else {
                return 0;
            }
        }
        return 0;
    }

    private static long readVarint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte part = in.get();
            value |= (long) (part & 0x7f) << shift;
            if (part >= 0) {
                break;
            }
        }
        return value;
    }
}
