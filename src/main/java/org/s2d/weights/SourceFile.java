package org.s2d.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.UserException;

/** A mapped file with bounds-checked little-endian reads; every complaint about it names it. */
record SourceFile(Path path, MemorySegment data, Arena arena) {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** More dimensions than any framework writes. */
    static final int MAX_RANK = 64;

    long size() {
        return data.byteSize();
    }

    int u8(long at) {
        require(at, 1);
        return data.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    int u16(long at) {
        require(at, 2);
        return data.get(U16, at) & 0xffff;
    }

    long u32(long at) {
        require(at, 4);
        return data.get(U32, at) & 0xffffffffL;
    }

    /** Negative when the unsigned value needs 64 bits; callers bound it. */
    long u64(long at) {
        require(at, 8);
        return data.get(U64, at);
    }

    MemorySegment slice(long at, long bytes) {
        require(at, bytes);
        return data.asSlice(at, bytes);
    }

    byte[] bytes(long at, int count) {
        return slice(at, count).toArray(ValueLayout.JAVA_BYTE);
    }

    boolean startsWith(byte... magic) {
        for (int i = 0; i < magic.length; i++) {
            if (i >= size() || data.get(ValueLayout.JAVA_BYTE, i) != magic[i]) {
                return false;
            }
        }
        return true;
    }

    private void require(long at, long bytes) {
        if (at < 0 || bytes < 0 || at > size() - bytes) {
            throw truncated();
        }
    }

    UserException truncated() {
        return problem("the file ends early (" + size() + " bytes); it is truncated or damaged. Copy it again.");
    }

    /** A one-line complaint: control characters, which a hostile file may hold in its names, are made visible. */
    UserException problem(String message) {
        return new UserException(path + ": " + printable(message));
    }

    static String printable(String text) {
        String shown = text.length() > 600 ? text.substring(0, 600) + "..." : text;
        StringBuilder line = new StringBuilder(shown.length());
        shown.codePoints()
                .forEach(c -> line.appendCodePoint(Character.isISOControl(c) || c == 0x2028 || c == 0x2029 ? '?' : c));
        return line.toString();
    }

    /** Strictly decoded text. */
    String utf8(MemorySegment bytes, String what) {
        try {
            ByteBuffer buffer = bytes.asByteBuffer();
            return StandardCharsets.UTF_8.newDecoder().decode(buffer).toString();
        } catch (CharacterCodingException e) {
            throw problem(what + " is not valid UTF-8; the file is damaged.");
        }
    }

    /** A shape from sizes in a file, refused when it cannot be one of ours. */
    Shape shape(String name, long[] dims) {
        if (dims.length > MAX_RANK) {
            throw problem("tensor '" + name + "' has " + dims.length + " dimensions, at most " + MAX_RANK
                    + " are supported.");
        }
        int[] sizes = new int[dims.length];
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] < 0 || dims[i] > Integer.MAX_VALUE) {
                throw problem("tensor '" + name + "' has dimension size " + dims[i] + ", expected 0 to 2147483647.");
            }
            sizes[i] = (int) dims[i];
        }
        try {
            return Shape.of(sizes);
        } catch (ArithmeticException | ShapeException e) {
            throw problem("tensor '" + name + "' has more elements than 64 bits can count.");
        }
    }
}
