package org.s2d.weights;

import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import org.s2d.tensor.UserException;

/** The bytes of a pickle and a position in them: the operands of opcodes, decoded within bounds. */
final class PickleInput {
    private final SourceFile file;
    private final PickleBudget budget;
    private long position;

    PickleInput(SourceFile file, long position, PickleBudget budget) {
        this.file = file;
        this.position = position;
        this.budget = budget;
    }

    long position() {
        return position;
    }

    int u8() {
        return file.u8(next(1));
    }

    int u16() {
        return file.u16(next(2));
    }

    long u32() {
        return file.u32(next(4));
    }

    long u64() {
        return file.u64(next(8));
    }

    private long next(int bytes) {
        long at = position;
        position += bytes;
        return at;
    }

    /** That many bytes, which count against the budget. */
    byte[] payload(long length) {
        if (length < 0 || length > file.size() - position) {
            throw file.truncated();
        }
        budget.bytes(length);
        return file.bytes(next((int) length), (int) length);
    }

    /** Text up to a newline, which is not part of it. */
    String line() {
        long start = position;
        while (file.u8(position) != '\n') {
            if (position++ - start > 1000) {
                throw malformed("a line of more than 1000 bytes");
            }
        }
        byte[] bytes = file.bytes(start, (int) (position - start));
        position++;
        return text(bytes);
    }

    static String text(byte[] utf8) {
        return new String(utf8, StandardCharsets.UTF_8);
    }

    /** Python 2 text, whose encoding the stream does not say. */
    static String oldText(byte[] bytes) {
        String utf8 = text(bytes);
        return utf8.indexOf('\ufffd') >= 0 ? new String(bytes, StandardCharsets.ISO_8859_1) : utf8;
    }

    /** An integer of any size in two's complement: Long where it fits, else BigInteger. */
    Object integer(byte[] littleEndian) {
        if (littleEndian.length > 1024) {
            throw malformed("an integer of " + littleEndian.length + " bytes");
        }
        byte[] bigEndian = new byte[littleEndian.length + 1];
        for (int i = 0; i < littleEndian.length; i++) {
            bigEndian[littleEndian.length - i] = littleEndian[i];
        }
        bigEndian[0] = (byte) (littleEndian.length > 0 && littleEndian[littleEndian.length - 1] < 0 ? -1 : 0);
        return narrow(new BigInteger(bigEndian));
    }

    private static Object narrow(BigInteger value) {
        return value.bitLength() < 64 ? (Object) value.longValue() : value;
    }

    /** A decimal integer, or a boolean as protocols 0 and 1 write it. */
    Object textInteger(String line) {
        String digits = line.endsWith("L") ? line.substring(0, line.length() - 1) : line;
        if (digits.equals("00") || digits.equals("01")) {
            return digits.equals("01");
        }
        try {
            return narrow(new BigInteger(digits));
        } catch (NumberFormatException e) {
            throw malformed("'" + line + "' in place of an integer");
        }
    }

    Object textDouble(String line) {
        try {
            return Double.parseDouble(line.replace("inf", "Infinity").replace("nan", "NaN"));
        } catch (NumberFormatException e) {
            throw malformed("'" + line + "' in place of a number");
        }
    }

    long memoIndex() {
        String line = line();
        try {
            return Long.parseLong(line);
        } catch (NumberFormatException e) {
            throw malformed("memo entry '" + line + "'");
        }
    }

    UserException malformed(String what) {
        return file.problem("malformed pickle near byte " + position + ": " + what + ". The file is damaged.");
    }
}
