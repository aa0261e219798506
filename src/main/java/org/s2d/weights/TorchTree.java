package org.s2d.weights;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.tensor.UserException;

/**
 * The value tree of a checkpoint: checked so that whoever walks it comes to an end (no cycles, bounded depth and
 * size), and flattened to tensors with dotted names.
 */
final class TorchTree {
    /** Where training scripts put the state dict, in order of preference. */
    private static final List<String> STATE_KEYS = List.of("model", "module", "model_state_dict", "state_dict");

    private static final int MAX_DEPTH = 100;
    private static final int MAX_NODES = 1_000_000;
    private static final int MAX_NAME = 4096;

    private final SourceFile file;
    private int nodes;
    private long namesLength;

    private TorchTree(SourceFile file) {
        this.file = file;
    }

    static Checkpoint.Contents contents(SourceFile file, Checkpoint.Format format, Object root) {
        new TorchTree(file).requireWalkable(root, 0);
        Map<String, StoredTensor> tensors = stateDict(file, root);
        requireModest(file, tensors);
        return new Checkpoint.Contents(format, tensors, root, Map.of());
    }

    /** A value used twice counts twice; a value inside itself is found by the bound on depth. */
    private void requireWalkable(Object value, int depth) {
        if (++nodes > MAX_NODES) {
            throw refuse("has more than " + MAX_NODES + " entries");
        }
        if (depth > MAX_DEPTH) {
            throw refuse("contains itself or is nested more than " + MAX_DEPTH + " deep");
        }
        switch (value) {
            case Map<?, ?> map -> map.values().forEach(child -> requireWalkable(child, depth + 1));
            case List<?> list -> list.forEach(child -> requireWalkable(child, depth + 1));
            case PyObject object -> {
                requireWalkable(object.arguments(), depth + 1);
                requireWalkable(object.attributes(), depth + 1);
            }
            default -> {}
        }
    }

    private static Map<String, StoredTensor> stateDict(SourceFile file, Object root) {
        if (root instanceof Map<?, ?> map) {
            for (String key : STATE_KEYS) {
                if (map.get(key) instanceof Map<?, ?> nested) {
                    Map<String, StoredTensor> tensors = flatten(file, nested);
                    if (!tensors.isEmpty()) {
                        return tensors;
                    }
                }
            }
        }
        return flatten(file, root);
    }

    /** All tensors below a value by dotted name; a tensor alone is called "tensor". */
    static Map<String, StoredTensor> flatten(SourceFile file, Object value) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        new TorchTree(file).flatten(value, value instanceof StoredTensor ? "tensor" : "", tensors);
        return Collections.unmodifiableMap(tensors);
    }

    private void flatten(Object value, String name, Map<String, StoredTensor> tensors) {
        switch (value) {
            case StoredTensor tensor -> add(tensor, name, tensors);
            case Map<?, ?> map -> map.forEach((key, child) -> flatten(child, join(name, key), tensors));
            case List<?> list -> {
                for (int i = 0; i < list.size(); i++) {
                    flatten(list.get(i), join(name, i), tensors);
                }
            }
            case PyObject object -> {
                boolean array = object.className().equals(PickleArrays.ARRAY);
                object.attributes().forEach((key, child) -> flatten(child, array ? name : join(name, key), tensors));
            }
            default -> {}
        }
    }

    private void add(StoredTensor tensor, String name, Map<String, StoredTensor> tensors) {
        namesLength += name.length();
        if (name.length() > MAX_NAME || namesLength > (64L << 20)) {
            throw refuse("has tensor names of more than " + MAX_NAME + " characters, or too many of them");
        }
        if (tensors.put(name, tensor.withName(name)) != null) {
            throw refuse("has two tensors named '" + name + "'");
        }
    }

    private static String join(String prefix, Object key) {
        if (prefix.length() > MAX_NAME) {
            return prefix; // refused when a tensor lies there
        }
        if (key instanceof String text && text.length() > MAX_NAME) {
            return text.substring(0, MAX_NAME + 1);
        }
        return prefix.isEmpty() ? String.valueOf(key) : prefix + "." + key;
    }

    /** Views of one storage may add up to more than the file; far more is an attack on whoever converts it. */
    private static void requireModest(SourceFile file, Map<String, StoredTensor> tensors) {
        long total = 0;
        for (StoredTensor tensor : tensors.values()) {
            total += tensor.bytes();
            if (total < 0 || total > 16 * file.size() + (256L << 20)) {
                throw file.problem(
                        "the tensors repeat the bytes of their storages to more than " + total + " bytes; refused.");
            }
        }
    }

    private UserException refuse(String what) {
        return file.problem("the checkpoint's tree " + what + "; refused.");
    }
}
