package org.s2d.device.natives;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The dynamic part of a shared library (ELF, 64 bits, x86-64): its own name, the libraries it asks for and the symbol
 * versions it expects of them. Everything is reached as the dynamic loader reaches it, through program headers, so that
 * stripped files read the same.
 *
 * @param soname the name that other libraries ask for, null when the file gives none
 * @param needed the libraries asked for, with the file offset of each name
 * @param versions the symbol versions expected, one entry per version
 */
public record ElfFile(@Nullable String soname, List<Text> needed, List<VersionNeed> versions) {
    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int TYPE_SHARED = 3;
    private static final int MACHINE_X86_64 = 62;
    private static final int SEGMENT_LOAD = 1;
    private static final int SEGMENT_DYNAMIC = 2;
    private static final long NEEDED = 1;
    private static final long STRING_TABLE = 5;
    private static final long STRING_TABLE_BYTES = 10;
    private static final long SONAME = 14;
    private static final long VERSIONS_NEEDED = 0x6ffffffeL;
    private static final long VERSIONS_NEEDED_COUNT = 0x6fffffffL;

    /** A string of the file's dynamic string table. */
    public record Text(String value, long offset) {}

    /**
     * A symbol version that this file expects of another.
     *
     * @param file the library that must have it
     * @param version its name, such as {@code libcublas.so.12}
     * @param hashOffset file offset of the 32-bit {@link #hash} of the version's name
     */
    public record VersionNeed(Text file, Text version, long hashOffset) {}

    private record Segment(long offset, long address, long bytes) {}

    /** Reads a whole library from memory; throws {@link ElfException} when that is not one for this machine. */
    public static ElfFile parse(byte[] bytes) {
        try {
            return new Parser(new ElfBytes(bytes)).file();
        } catch (ArithmeticException e) {
            throw new ElfException("has an offset beyond all files"); // from the checked additions
        }
    }

    /** Whether a file starts like a shared library for x86-64: what the dynamic loader looks at before it accepts one. */
    public static boolean isSharedLibrary(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            requireHeader(new ElfBytes(in.readNBytes(HEADER_BYTES)));
            return true;
        } catch (IOException | ElfException e) {
            return false; // text stubs of linkers and libraries of other machines lie in the same folders
        }
    }

    /** The System V hash of a symbol version's name, which the loader compares before the name. */
    public static int hash(String name) {
        int hash = 0;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash << 4) + name.charAt(i);
            int high = hash & 0xf0000000;
            hash = (hash ^ (high >>> 24)) & ~high;
        }
        return hash;
    }

    private static void requireHeader(ElfBytes bytes) {
        boolean magic = bytes.length() >= HEADER_BYTES && bytes.unsigned32(0) == 0x464c457fL;
        if (!magic) {
            throw new ElfException("no ELF file");
        }
        int bits = bytes.unsigned8(4) == 2 ? 64 : 32;
        int machine = bytes.unsigned16(18);
        if (bits != 64 || bytes.unsigned8(5) != 1 || machine != MACHINE_X86_64) {
            throw new ElfException("is for another machine (ELF machine " + machine + ", " + bits + " bits)");
        }
        if (bytes.unsigned16(16) != TYPE_SHARED) {
            throw new ElfException("no shared library");
        }
    }

    private static final class Parser {
        private final ElfBytes bytes;
        private final List<Segment> loaded = new ArrayList<>();
        private final List<Long> neededNames = new ArrayList<>();
        private final Map<Long, Long> entries = new HashMap<>();
        private long strings;
        private long stringsEnd;

        Parser(ElfBytes bytes) {
            requireHeader(bytes);
            this.bytes = bytes;
        }

        ElfFile file() {
            Segment dynamic = readProgramHeaders();
            readDynamic(dynamic);
            strings = fileOffset(entry(STRING_TABLE));
            stringsEnd = Math.addExact(strings, entry(STRING_TABLE_BYTES));
            Long soname = entries.get(SONAME);
            List<Text> needed = neededNames.stream().map(this::text).toList();
            return new ElfFile(soname == null ? null : text(soname).value, needed, versions());
        }

        private Segment readProgramHeaders() {
            long table = bytes.unsigned64(32);
            int size = bytes.unsigned16(54);
            Segment dynamic = null;
            for (int i = 0; i < bytes.unsigned16(56); i++) {
                long at = Math.addExact(table, (long) i * Math.max(size, PROGRAM_HEADER_BYTES));
                var segment =
                        new Segment(bytes.unsigned64(at + 8), bytes.unsigned64(at + 16), bytes.unsigned64(at + 32));
                long type = bytes.unsigned32(at);
                if (type == SEGMENT_LOAD) {
                    loaded.add(segment);
                } else if (type == SEGMENT_DYNAMIC) {
                    dynamic = segment;
                }
            }
            if (dynamic == null) {
                throw new ElfException("has no dynamic section");
            }
            return dynamic;
        }

        private void readDynamic(Segment dynamic) {
            for (long at = dynamic.offset; at < dynamic.offset + dynamic.bytes; at += 16) {
                long tag = bytes.signed64(at);
                if (tag == 0) {
                    return;
                }
                long value = bytes.signed64(at + 8);
                if (tag == NEEDED) {
                    neededNames.add(value);
                } else {
                    entries.put(tag, value);
                }
            }
        }

        private List<VersionNeed> versions() {
            List<VersionNeed> all = new ArrayList<>();
            if (!entries.containsKey(VERSIONS_NEEDED)) {
                return all;
            }
            long at = fileOffset(entry(VERSIONS_NEEDED));
            for (long i = 0; i < entry(VERSIONS_NEEDED_COUNT); i++) {
                Text file = text(bytes.unsigned32(at + 4));
                long auxiliary = at + bytes.unsigned32(at + 8);
                for (int j = 0; j < bytes.unsigned16(at + 2); j++) {
                    all.add(new VersionNeed(file, text(bytes.unsigned32(auxiliary + 8)), auxiliary));
                    auxiliary += bytes.unsigned32(auxiliary + 12);
                }
                long next = bytes.unsigned32(at + 12);
                if (next == 0) {
                    break; // the last one says so, whatever the count: a damaged count must not repeat it for hours
                }
                at += next;
            }
            return all;
        }

        private Text text(long position) {
            long offset = Math.addExact(strings, position);
            if (position < 0 || offset >= stringsEnd) {
                throw new ElfException("has a name outside its string table");
            }
            return new Text(bytes.string(offset, stringsEnd), offset);
        }

        private long entry(long tag) {
            Long value = entries.get(tag);
            if (value == null || value < 0) {
                throw new ElfException("has no usable dynamic entry " + tag);
            }
            return value;
        }

        private long fileOffset(long address) {
            for (Segment segment : loaded) {
                if (address >= segment.address && address - segment.address < segment.bytes) {
                    return Math.addExact(segment.offset, address - segment.address);
                }
            }
            throw new ElfException("refers to address " + address + ", which no segment has");
        }
    }
}
