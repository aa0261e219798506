package org.s2d.report.events;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * Framing of TFRecord files: length (8 bytes, little-endian), its masked CRC-32C, the content, its masked CRC-32C. Source: TensorFlow,
 * {@code core/lib/io/record_writer}.
 */
final class Records {
    static final int HEAD = Long.BYTES + Integer.BYTES;
    static final int TAIL = Integer.BYTES;
    private static final int MASK = 0xa282ead8;

    private Records() {}

    /** The content with its frame. */
    static byte[] frame(byte[] content) {
        ByteBuffer frame = ByteBuffer.allocate(HEAD + content.length + TAIL).order(ByteOrder.LITTLE_ENDIAN);
        frame.putLong(content.length);
        frame.putInt(maskedChecksum(frame.array(), 0, Long.BYTES));
        frame.put(content);
        frame.putInt(maskedChecksum(content, 0, content.length));
        return frame.array();
    }

    /**
     * Length of the content of the record that begins at the buffer's position, or -1 where no whole and sound record begins there (as
     * after a writer was killed).
     */
    static int contentLength(ByteBuffer file) {
        if (file.remaining() < HEAD + TAIL) {
            return -1;
        }
        ByteBuffer record = file.slice().order(ByteOrder.LITTLE_ENDIAN);
        byte[] length = new byte[Long.BYTES];
        record.get(0, length);
        long size = record.getLong(0);
        if (record.getInt(Long.BYTES) != maskedChecksum(length, 0, length.length)
                || size < 0
                || size > record.remaining() - HEAD - TAIL) {
            return -1;
        }
        byte[] content = new byte[(int) size];
        record.get(HEAD, content);
        return record.getInt(HEAD + content.length) == maskedChecksum(content, 0, content.length) ? content.length : -1;
    }

    /** The checksum turned by 15 bits and shifted, so that a checksum of data with checksums in it stays good. */
    private static int maskedChecksum(byte[] bytes, int from, int length) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, from, length);
        return Integer.rotateRight((int) checksum.getValue(), 15) + MASK;
    }
}
