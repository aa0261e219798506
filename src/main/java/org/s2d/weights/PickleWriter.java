package org.s2d.weights;

import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/**
 * Writes a tree of plain values as a pickle (protocol 2) that {@code torch.load} reads. Tensors become references to
 * numbered storages, which are collected; a tensor met twice is one storage.
 */
final class PickleWriter {
    private static final int MAX_DEPTH = 100;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final List<StoredTensor> storages = new ArrayList<>();
    private final Map<Object, Integer> numbers = new HashMap<>();
    private final Map<String, Integer> memo = new HashMap<>();

    /** Writes a whole pickle. */
    byte[] write(Object root) {
        op(0x80, 2);
        value(root, 0);
        op('.');
        return out.toByteArray();
    }

    /** The tensors whose elements belong into storages 0, 1, ... */
    List<StoredTensor> storages() {
        return storages;
    }

    private void value(Object value, int depth) {
        if (depth > MAX_DEPTH) {
            throw new IllegalArgumentException("checkpoint entries nested more than " + MAX_DEPTH + " deep");
        }
        switch (value) {
            case PyNone none -> op('N');
            case Boolean flag -> op(flag ? 0x88 : 0x89);
            case Byte number -> integer(number);
            case Short number -> integer(number);
            case Integer number -> integer(number);
            case Long number -> integer(number);
            case BigInteger number -> bigInteger(number);
            case Float number -> real(number);
            case Double number -> real(number);
            case String text -> text(text);
            case byte[] bytes -> bytes(bytes);
            case Tensor tensor -> tensor(tensor, StoredTensor.of("", tensor));
            case StoredTensor tensor -> tensor(tensor.place(), tensor);
            case StateDict state -> {
                global("collections", "OrderedDict");
                op(')', 'R');
                entries(state.tensors(), depth);
            }
            case Map<?, ?> map -> {
                op('}');
                entries(map, depth);
            }
            case PyTuple tuple -> {
                op('(');
                tuple.forEach(item -> value(item, depth + 1));
                op('t');
            }
            case List<?> list -> {
                op(']', '(');
                list.forEach(item -> value(item, depth + 1));
                op('e');
            }
            case PyGlobal global -> global(global.module(), global.name());
            case PyObject object -> object(object, depth);
            default ->
                throw new IllegalArgumentException(
                        "a checkpoint cannot hold a " + value.getClass().getName());
        }
    }

    /** The tensors of a module, written as an OrderedDict like PyTorch's own. */
    record StateDict(Map<String, ?> tensors) {}

    private void entries(Map<?, ?> map, int depth) {
        op('(');
        map.forEach((key, item) -> {
            value(key, depth + 1);
            value(item, depth + 1);
        });
        op('u');
    }

    private void object(PyObject object, int depth) {
        int dot = object.className().lastIndexOf('.');
        global(
                object.className().substring(0, Math.max(0, dot)),
                object.className().substring(dot + 1));
        value(new PyTuple(object.arguments()), depth + 1);
        op('R');
        if (!object.attributes().isEmpty()) {
            value(object.attributes(), depth + 1);
            op('b');
        }
    }

    private void tensor(Object identity, StoredTensor tensor) {
        Integer known = numbers.get(identity);
        int number = known == null ? storages.size() : known;
        if (known == null) {
            numbers.put(identity, number);
            storages.add(tensor);
        }
        global("torch._utils", "_rebuild_tensor_v2");
        op('(', '(');
        text("storage");
        global("torch", storageClass(tensor));
        text(Integer.toString(number));
        text("cpu");
        integer(tensor.numel());
        op('t', 'Q');
        integer(0);
        longs(Arrays.stream(tensor.shape().toArray()).asLongStream().toArray());
        longs(tensor.shape().contiguousStrides());
        op(0x89);
        global("collections", "OrderedDict");
        op(')', 'R', 't', 'R');
    }

    static String storageClass(StoredTensor tensor) {
        return switch (tensor.type()) {
            case F64 -> "DoubleStorage";
            case F32 -> "FloatStorage";
            case F16 -> "HalfStorage";
            case BF16 -> "BFloat16Storage";
            case I64 -> "LongStorage";
            case I32 -> "IntStorage";
            case I16 -> "ShortStorage";
            case I8 -> "CharStorage";
            case U8 -> "ByteStorage";
            case BOOL -> "BoolStorage";
            case U32, U16 ->
                throw new UserException("tensor '" + tensor.name() + "' has type " + tensor.type()
                        + ", which PyTorch's storages lack. Convert it to I64 first.");
        };
    }

    // Opcodes

    private void op(int... bytes) {
        for (int b : bytes) {
            out.write(b);
        }
    }

    private void littleEndian(long value, int count) {
        for (int i = 0; i < count; i++) {
            out.write((int) (value >>> (8 * i)));
        }
    }

    private void integer(long value) {
        if (value >= 0 && value < 256) {
            op('K', (int) value);
        } else if (value == (int) value) {
            op('J');
            littleEndian(value, 4);
        } else {
            op(0x8a, 8);
            littleEndian(value, 8);
        }
    }

    private void bigInteger(BigInteger value) {
        byte[] bigEndian = value.toByteArray();
        if (bigEndian.length > 255) {
            throw new IllegalArgumentException("an integer of " + bigEndian.length + " bytes");
        }
        op(0x8a, bigEndian.length);
        for (int i = bigEndian.length - 1; i >= 0; i--) {
            out.write(bigEndian[i]);
        }
    }

    private void real(double value) {
        op('G');
        littleEndian(Long.reverseBytes(Double.doubleToLongBits(value)), 8);
    }

    private void longs(long[] values) {
        op('(');
        for (long value : values) {
            integer(value);
        }
        op('t');
    }

    /** Protocol 2 has no bytes; Python writes them as text to encode. */
    private void bytes(byte[] value) {
        global("_codecs", "encode");
        op('(');
        rawText(new String(value, StandardCharsets.ISO_8859_1));
        text("latin1");
        op('t', 'R');
    }

    private void text(String text) {
        if (!recall("text " + text)) {
            rawText(text);
            memorise("text " + text);
        }
    }

    private void rawText(String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        op('X');
        littleEndian(utf8.length, 4);
        out.writeBytes(utf8);
    }

    private void global(String module, String name) {
        String key = "global " + module + "\n" + name + "\n";
        if (!recall(key)) {
            op('c');
            out.writeBytes((module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
            memorise(key);
        }
    }

    private boolean recall(String key) {
        Integer index = memo.get(key);
        if (index != null) {
            op('j');
            littleEndian(index, 4);
        }
        return index != null;
    }

    private void memorise(String key) {
        op('r');
        littleEndian(memo.size(), 4);
        memo.put(key, memo.size());
    }
}
