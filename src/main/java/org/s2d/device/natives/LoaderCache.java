package org.s2d.device.natives;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What {@code ldconfig} told the dynamic loader: the table in {@code /etc/ld.so.cache}, format 1.1 of the GNU C library
 * (alone, or behind the old table that older systems keep in front of it).
 */
public final class LoaderCache {
    private static final byte[] MAGIC = "glibc-ld.so.cache1.1".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER_BYTES = 48;
    private static final int ENTRY_BYTES = 24;

    /** Flags of a library for this machine: for the GNU C library, x86-64. */
    private static final long X86_64 = 0x0303;

    private LoaderCache() {}

    /** Paths by soname, in the loader's order; empty when there is no table or it is damaged. */
    public static Map<String, List<String>> read(Path file) {
        try {
            return parse(Files.readAllBytes(file));
        } catch (IOException | ElfException e) {
            return Map.of(); // the loader itself goes on without a table
        }
    }

    static Map<String, List<String>> parse(byte[] content) {
        int start = indexOf(content, MAGIC);
        ElfBytes bytes = new ElfBytes(content);
        Map<String, List<String>> paths = new HashMap<>();
        if (start < 0) {
            return paths;
        }
        long count = bytes.unsigned32(start + MAGIC.length);
        for (long i = 0; i < count; i++) {
            long entry = start + HEADER_BYTES + i * ENTRY_BYTES;
            if (bytes.unsigned32(entry) == X86_64) {
                String soname = bytes.string(start + bytes.unsigned32(entry + 4), content.length);
                String path = bytes.string(start + bytes.unsigned32(entry + 8), content.length);
                paths.computeIfAbsent(soname, name -> new ArrayList<>()).add(path);
            }
        }
        return paths;
    }

    private static int indexOf(byte[] content, byte[] part) {
        for (int i = 0; i <= content.length - part.length; i += 4) { // the format aligns it
            int length = 0;
            while (length < part.length && content[i + length] == part[length]) {
                length++;
            }
            if (length == part.length) {
                return i;
            }
        }
        return -1;
    }
}
