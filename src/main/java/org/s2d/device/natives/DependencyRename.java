package org.s2d.device.natives;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.s2d.device.natives.ElfFile.Text;
import org.s2d.device.natives.ElfFile.VersionNeed;

/**
 * Makes a shared library ask for another library of the same name length: {@code libcublas.so.13} in place of {@code
 * libcublas.so.12}. NVIDIA names the symbol version after the library, so two things change: the string, which the
 * library's list of dependencies and its version requirement share, and the hash of the version's name. Nothing moves.
 *
 * @param from the name asked for now
 * @param to the name to ask for
 */
public record DependencyRename(String from, String to) {
    public DependencyRename {
        if (from.length() != to.length()) {
            throw new IllegalArgumentException(from + " and " + to + " differ in length");
        }
    }

    /** A changed copy. Throws {@link ElfException} when the library does not ask for {@code from}. */
    public byte[] apply(byte[] library) {
        ElfFile file = ElfFile.parse(library);
        Set<Long> offsets = new HashSet<>();
        file.needed().forEach(name -> collect(name, offsets));
        if (offsets.isEmpty()) {
            throw new ElfException("does not ask for " + from);
        }
        byte[] copy = library.clone();
        ByteBuffer view = ByteBuffer.wrap(copy).order(ByteOrder.LITTLE_ENDIAN);
        for (VersionNeed need : file.versions()) {
            collect(need.file(), offsets);
            if (collect(need.version(), offsets)) {
                view.putInt((int) need.hashOffset(), ElfFile.hash(to));
            }
        }
        for (long offset : offsets) {
            requireOwnString(library, offset);
            view.put((int) offset, to.getBytes(StandardCharsets.US_ASCII));
        }
        return copy;
    }

    private boolean collect(Text name, Set<Long> offsets) {
        boolean same = name.value().equals(from);
        if (same) {
            offsets.add(name.offset());
        }
        return same;
    }

    /** Linkers let a string be the tail of a longer one; changing such a tail would change both. */
    private void requireOwnString(byte[] library, long offset) {
        if (offset > 0 && library[(int) offset - 1] != 0) {
            throw new ElfException("keeps " + from + " inside a longer name");
        }
    }
}
