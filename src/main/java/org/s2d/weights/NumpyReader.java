package org.s2d.weights;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.s2d.tensor.Shape;

/** NumPy arrays: one in a {@code .npy} file (versions 1 to 3, either byte order, C or Fortran order), several in npz. */
final class NumpyReader {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final int MAX_HEADER = 1 << 20;
    private static final String SUFFIX = ".npy";

    // The header is the text of a Python dictionary; NumPy writes its three keys in alphabetic order.
    private static final Pattern DESCR = Pattern.compile("['\"]descr['\"]\\s*:\\s*['\"]([^'\"]{1,16})['\"]");
    private static final Pattern FORTRAN = Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([0-9L,\\s]*)\\)");

    private NumpyReader() {}

    static boolean recognises(SourceFile file) {
        return file.startsWith(MAGIC);
    }

    static Checkpoint.Contents readArray(SourceFile file) {
        Map<String, StoredTensor> tensors = Map.of("array", array(file, "array"));
        return new Checkpoint.Contents(Checkpoint.Format.NPY, tensors, tensors, Map.of());
    }

    static boolean recognises(ZipArchive archive) {
        return !archive.entries().isEmpty()
                && archive.entries().keySet().stream().allMatch(name -> name.endsWith(SUFFIX));
    }

    static Checkpoint.Contents readArchive(SourceFile file, ZipArchive archive) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        archive.entries().forEach((entry, bytes) -> {
            String name = entry.substring(0, entry.length() - SUFFIX.length());
            tensors.put(name, array(new SourceFile(file.path(), bytes.get(), file.arena()), name));
        });
        Map<String, StoredTensor> fixed = Collections.unmodifiableMap(tensors);
        return new Checkpoint.Contents(Checkpoint.Format.NPZ, fixed, fixed, Map.of());
    }

    private static StoredTensor array(SourceFile file, String name) {
        if (!recognises(file)) {
            throw file.problem("array '" + name + "' does not start like a NumPy array; the file is damaged.");
        }
        int version = file.u8(6);
        long length = version == 1 ? file.u16(8) : file.u32(8);
        long start = version == 1 ? 10 : 12;
        if (version < 1 || version > 3 || length > MAX_HEADER) {
            throw file.problem("array '" + name + "' has NumPy format version " + version + " and a header of " + length
                    + " bytes, expected version 1 to 3 and at most " + MAX_HEADER + " bytes.");
        }
        String header = file.utf8(file.slice(start, length), "the header of array '" + name + "'");
        Matcher descr = require(file, DESCR, header, name, "one plain element type (not objects or records)");
        NumpyType type = NumpyType.parse(descr.group(1));
        if (type == null) {
            throw file.problem("array '" + name + "' has element type '" + descr.group(1)
                    + "', expected floats, booleans or integers up to int64 or uint32.");
        }
        boolean fortran =
                require(file, FORTRAN, header, name, "fortran_order").group(1).equals("True");
        Shape shape = file.shape(name, dims(file, require(file, SHAPE, header, name, "a shape"), name));
        long[] strides = fortran ? NumpyType.fortranStrides(shape) : shape.contiguousStrides();
        MemorySegment data = file.slice(start + length, file.size() - start - length);
        if (!StoredTensor.fits(shape, strides, 0, type.type(), data.byteSize())) {
            throw file.problem("array '" + name + "' of shape " + shape + " and type " + type.type() + " has only "
                    + data.byteSize() + " bytes; the file is truncated. Copy it again.");
        }
        return new StoredTensor(name, type.type(), shape, strides, 0, type.order(), StoredBytes.of(data));
    }

    private static Matcher require(SourceFile file, Pattern pattern, String header, String name, String what) {
        Matcher matcher = pattern.matcher(header);
        if (!matcher.find()) {
            throw file.problem("array '" + name + "' has a header without " + what + ": " + header.strip());
        }
        return matcher;
    }

    private static long[] dims(SourceFile file, Matcher shape, String name) {
        try {
            return Arrays.stream(shape.group(1).split(","))
                    .map(String::strip)
                    .filter(text -> !text.isEmpty())
                    .mapToLong(text -> Long.parseLong(text.endsWith("L") ? text.substring(0, text.length() - 1) : text))
                    .toArray();
        } catch (NumberFormatException e) {
            throw file.problem("array '" + name + "' has an unreadable shape ("
                    + shape.group(1).strip() + ").");
        }
    }
}
