package org.s2d.weights;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/**
 * Writes a zip archive as PyTorch does: stored entries whose content starts at a multiple of 64 bytes, so that a
 * reader can map it. Sizes and offsets beyond 32 bits use zip64.
 */
final class ZipWriter {
    private static final int ALIGNMENT = 64;
    private static final int LOCAL_BYTES = 30;
    private static final int UTF8 = 1 << 11;
    private static final int VERSION = 45;
    private static final int DATE = (1 << 5) | 1; // 1980-01-01, so that equal content gives equal bytes
    private static final long SATURATED = 0xffffffffL;

    private final FileChannel channel;
    private final long limit;
    private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
    private long entries;

    ZipWriter(FileChannel channel) {
        this(channel, SATURATED);
    }

    /** With a lower limit from which on zip64 is used, for tests. */
    ZipWriter(FileChannel channel, long limit) {
        this.channel = channel;
        this.limit = limit;
    }

    void add(String name, byte[] content) throws IOException {
        add(name, MemorySegment.ofArray(content));
    }

    void add(String name, MemorySegment content) throws IOException {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        long offset = channel.position();
        long size = content.byteSize();
        long crc = crc(content);
        boolean large = size >= limit;
        int wide = large ? 20 : 0;
        int padding = Math.floorMod(-(offset + LOCAL_BYTES + utf8.length + wide + 4), ALIGNMENT);
        ByteBuffer local = buffer(LOCAL_BYTES + utf8.length + wide + 4 + padding);
        local.putInt(0x04034b50);
        common(local, crc, large ? SATURATED : size, utf8.length, wide + 4 + padding);
        local.put(utf8);
        if (large) {
            local.putShort((short) 1).putShort((short) 16).putLong(size).putLong(size);
        }
        local.putShort((short) 0x4246).putShort((short) padding); // "FB", the mark of PyTorch's own padding
        local.position(local.capacity());
        AtomicFile.writeFully(channel, local.flip());
        SafetensorsWriter.writeBytes(channel, content);
        addRecord(utf8, crc, size, offset);
    }

    private void addRecord(byte[] name, long crc, long size, long offset) {
        boolean large = size >= limit || offset >= limit;
        int wide = large ? 28 : 0;
        byte[] bytes = new byte[46 + name.length + wide];
        ByteBuffer record = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        record.putInt(0x02014b50).putShort((short) VERSION);
        common(record, crc, large ? SATURATED : size, name.length, wide);
        record.putShort((short) 0).putShort((short) 0).putShort((short) 0).putInt(0); // comment, disk, attributes
        record.putInt((int) (large ? SATURATED : offset)).put(name);
        if (large) {
            record.putShort((short) 1)
                    .putShort((short) 24)
                    .putLong(size)
                    .putLong(size)
                    .putLong(offset);
        }
        directory.writeBytes(bytes);
        entries++;
    }

    /** The fields that the local header and the directory share, from the version needed to the extra length. */
    private static void common(ByteBuffer buffer, long crc, long size, int nameLength, int extraLength) {
        buffer.putShort((short) VERSION).putShort((short) UTF8).putShort((short) 0);
        buffer.putShort((short) 0).putShort((short) DATE);
        buffer.putInt((int) crc).putInt((int) size).putInt((int) size);
        buffer.putShort((short) nameLength).putShort((short) extraLength);
    }

    /** Writes the directory; nothing may be added afterwards. */
    void finish() throws IOException {
        long start = channel.position();
        AtomicFile.writeFully(channel, ByteBuffer.wrap(directory.toByteArray()));
        long size = channel.position() - start;
        boolean large = start >= limit || entries >= 0xffff;
        ByteBuffer end = buffer(large ? 98 : 22);
        if (large) {
            end.putInt(0x06064b50).putLong(44).putShort((short) VERSION).putShort((short) VERSION);
            end.putInt(0)
                    .putInt(0)
                    .putLong(entries)
                    .putLong(entries)
                    .putLong(size)
                    .putLong(start);
            end.putInt(0x07064b50).putInt(0).putLong(start + size).putInt(1);
        }
        short count = (short) (large ? 0xffff : entries);
        end.putInt(0x06054b50).putInt(0).putShort(count).putShort(count);
        end.putInt((int) (large ? SATURATED : size))
                .putInt((int) (large ? SATURATED : start))
                .putShort((short) 0);
        AtomicFile.writeFully(channel, end.flip());
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static long crc(MemorySegment content) {
        CRC32 crc = new CRC32();
        long chunk = 1L << 30;
        for (long at = 0; at < content.byteSize(); at += chunk) {
            crc.update(content.asSlice(at, Math.min(chunk, content.byteSize() - at))
                    .asByteBuffer());
        }
        return crc.getValue();
    }
}
