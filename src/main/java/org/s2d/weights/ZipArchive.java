package org.s2d.weights;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import org.jspecify.annotations.Nullable;

/**
 * The directory of a zip file (zip64 too), checked against the file. Stored entries are slices of the mapped file;
 * deflated ones are inflated within bounds when first asked for. Checksums are compared when an entry is first read.
 */
final class ZipArchive {
    private static final int END_BYTES = 22;
    private static final int MAX_COMMENT = 65535;
    private static final int MAX_ENTRIES = 1_000_000;
    private static final long SATURATED = 0xffffffffL;
    /** What all deflated entries of one file may come to. */
    private static final long MAX_INFLATED = Integer.MAX_VALUE;

    private final SourceFile file;
    private final Map<String, StoredBytes> entries = new LinkedHashMap<>();
    private long inflated;

    private record Range(long at, long bytes, long count) {}

    ZipArchive(SourceFile file) {
        this.file = file;
        Range directory = findDirectory();
        if (directory.count() > MAX_ENTRIES) {
            throw file.problem("the zip archive has " + directory.count() + " entries; refused.");
        }
        long at = directory.at();
        for (long i = 0; i < directory.count(); i++) {
            at = readEntry(at, directory.at() + directory.bytes());
        }
    }

    static boolean recognises(SourceFile file) {
        return file.startsWith((byte) 'P', (byte) 'K', (byte) 3, (byte) 4);
    }

    /** Contents by name, in the directory's order. */
    Map<String, StoredBytes> entries() {
        return Collections.unmodifiableMap(entries);
    }

    private Range findDirectory() {
        long last = file.size() - END_BYTES;
        for (long at = last; at >= Math.max(0, last - MAX_COMMENT); at--) {
            if (file.u32(at) == 0x06054b50 && file.u16(at + 20) == last - at) {
                return checked(directory(at), at);
            }
        }
        throw file.problem("a zip archive without its directory at the end; the file is truncated. Copy it again.");
    }

    private Range directory(long end) {
        int disk = file.u16(end + 4) | file.u16(end + 6);
        Range small = new Range(file.u32(end + 16), file.u32(end + 12), file.u16(end + 10));
        long locator = end - 20;
        if (locator >= 0 && file.u32(locator) == 0x07064b50) {
            long at = file.u64(locator + 8);
            if (file.u32(at) != 0x06064b50) {
                throw file.problem("a zip64 archive whose directory end is not where it should be; damaged.");
            }
            return new Range(file.u64(at + 48), file.u64(at + 40), file.u64(at + 32));
        }
        if (disk != 0) {
            throw file.problem("a zip archive in several volumes, expected one file.");
        }
        return small;
    }

    private Range checked(Range directory, long end) {
        boolean inside = directory.at() >= 0
                && directory.bytes() >= 0
                && directory.count() >= 0
                && directory.bytes() <= end
                && directory.at() <= end - directory.bytes();
        if (!inside) {
            throw file.problem("a zip archive whose directory lies outside the file; truncated or damaged.");
        }
        return directory;
    }

    /** Reads one record of the directory; returns where the next one starts. */
    private long readEntry(long at, long end) {
        int nameLength = file.u16(at + 28);
        int extraLength = file.u16(at + 30);
        long next = at + 46 + nameLength + extraLength + file.u16(at + 32);
        if (file.u32(at) != 0x02014b50 || next > end) {
            throw file.problem("a zip archive with a damaged directory.");
        }
        String name = file.utf8(file.slice(at + 46, nameLength), "a name in the zip archive");
        long[] fields = {file.u32(at + 24), file.u32(at + 20), file.u32(at + 42)};
        widen(fields, at + 46 + nameLength, extraLength);
        Entry entry = new Entry(
                name, file.u16(at + 10), file.u32(at + 16), fields[0], content(at, name, fields[2], fields[1]));
        if ((file.u16(at + 8) & 1) != 0) {
            throw file.problem("zip entry '" + name + "' is encrypted, expected plain content.");
        }
        if (entry.method != 0 && entry.method != 8) {
            throw file.problem("zip entry '" + name + "' is compressed by method " + entry.method
                    + ", expected stored or deflated.");
        }
        if (entry.size < 0 || (entry.method == 0 && entry.size != entry.content.byteSize())) {
            throw file.problem("zip entry '" + name + "' has contradictory sizes; the file is damaged.");
        }
        if (entries.put(name, entry) != null) {
            throw file.problem("zip entry '" + name + "' occurs twice; the file is damaged.");
        }
        return next;
    }

    /** Replaces saturated 32-bit fields (size, compressed size, offset) by those of the zip64 extra field. */
    private void widen(long[] fields, long extra, int length) {
        long at = extra;
        while (at + 4 <= extra + length) {
            int id = file.u16(at);
            long bytes = file.u16(at + 2);
            if (id == 1) {
                long value = at + 4;
                for (int i = 0; i < fields.length; i++) {
                    if (fields[i] == SATURATED && value + 8 <= at + 4 + bytes) {
                        fields[i] = file.u64(value);
                        value += 8;
                    }
                }
            }
            at += 4 + bytes;
        }
    }

    private MemorySegment content(long record, String name, long header, long bytes) {
        int nameLength = file.u16(record + 28);
        boolean same = header >= 0 && header < record && file.u32(header) == 0x04034b50;
        if (!same
                || file.u16(header + 26) != nameLength
                || file.slice(header + 30, nameLength).mismatch(file.slice(record + 46, nameLength)) >= 0) {
            throw file.problem("zip entry '" + name + "' is not where the directory says; the file is damaged.");
        }
        return file.slice(header + 30 + nameLength + file.u16(header + 28), bytes);
    }

    private final class Entry implements StoredBytes {
        private final String name;
        private final int method;
        private final long crc;
        private final long size;
        private final MemorySegment content;
        private @Nullable MemorySegment checked;

        Entry(String name, int method, long crc, long size, MemorySegment content) {
            this.name = name;
            this.method = method;
            this.crc = crc;
            this.size = size;
            this.content = content;
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public synchronized MemorySegment get() {
            MemorySegment result = checked;
            if (result == null) {
                result = method == 0 ? content : inflate();
                requireChecksum(result);
                checked = result;
            }
            return result;
        }

        /** PyTorch can be told not to compute checksums; it then leaves zero. */
        private void requireChecksum(MemorySegment bytes) {
            if (crc == 0) {
                return;
            }
            if (ZipWriter.crc(bytes) != crc) {
                throw file.problem("zip entry '" + name + "' does not match its checksum; the file is damaged."
                        + " Copy it again.");
            }
        }

        private MemorySegment inflate() {
            reserve(size);
            MemorySegment target = file.arena().allocate(Math.max(1, size), 64).asSlice(0, size);
            try (Inflater inflater = new Inflater(true)) {
                inflater.setInput(content.asByteBuffer());
                long done = 0;
                while (done < size && !inflater.finished()) {
                    int count = inflater.inflate(target.asSlice(done).asByteBuffer());
                    if (count == 0) {
                        break;
                    }
                    done += count;
                }
                // The end of the stream may need one more call, which must produce nothing.
                if (done != size || inflater.inflate(new byte[1]) != 0) {
                    throw file.problem("zip entry '" + name + "' does not inflate to its " + size
                            + " bytes; the file is damaged.");
                }
            } catch (DataFormatException e) {
                throw file.problem("zip entry '" + name + "' is not valid deflated data; the file is damaged.");
            }
            return target;
        }

        private void reserve(long bytes) {
            synchronized (ZipArchive.this) {
                // Deflate cannot compress by more than about 1032 to 1.
                boolean possible = content.byteSize() <= MAX_INFLATED && bytes <= content.byteSize() * 1040 + 64;
                if (!possible || bytes > MAX_INFLATED - inflated) {
                    throw file.problem("zip entry '" + name + "' would inflate to " + bytes
                            + " bytes; refused as a zip bomb. Store it without compression.");
                }
                inflated += bytes;
            }
        }
    }
}
