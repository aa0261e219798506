package org.s2d.device.natives;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Little-endian numbers and strings at offsets of a file that may be damaged: every access is checked. */
final class ElfBytes {
    private final byte[] bytes;
    private final ByteBuffer view;

    ElfBytes(byte[] bytes) {
        this.bytes = bytes;
        this.view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    int length() {
        return bytes.length;
    }

    int unsigned8(long offset) {
        return view.get(at(offset, 1)) & 0xff;
    }

    int unsigned16(long offset) {
        return view.getShort(at(offset, 2)) & 0xffff;
    }

    /** A 32-bit field that the format defines as unsigned. */
    long unsigned32(long offset) {
        return Integer.toUnsignedLong(view.getInt(at(offset, 4)));
    }

    /** A 64-bit field; no file has sizes or offsets above 2^63, so negative values are damage. */
    long unsigned64(long offset) {
        long value = view.getLong(at(offset, 8));
        if (value < 0) {
            throw new ElfException("a size or offset of " + Long.toUnsignedString(value) + " at byte " + offset);
        }
        return value;
    }

    /** A signed 64-bit field. */
    long signed64(long offset) {
        return view.getLong(at(offset, 8));
    }

    /** The NUL-terminated ASCII string that starts at {@code offset} and ends before {@code limit}. */
    String string(long offset, long limit) {
        int start = at(offset, 1);
        int end = start;
        while (end < limit && end < bytes.length && bytes[end] != 0) {
            end++;
        }
        if (end == limit || end == bytes.length) {
            throw new ElfException("a string without end at byte " + offset);
        }
        return new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
    }

    private int at(long offset, int size) {
        if (offset < 0 || offset > bytes.length - size) {
            throw new ElfException("refers to byte " + offset + ", has " + bytes.length);
        }
        return (int) offset;
    }
}
