package org.s2d.weights;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.tensor.UserException;

/**
 * The fixed table of names that a checkpoint's pickle may use, each with the inert value that stands for its call. A
 * name outside the table ends the reading.
 */
final class PickleGlobals {
    private static final int MAX_TUPLE_KEYS = 1000;

    private final SourceFile file;
    private final PickleBudget budget;
    private final PickleTensors tensors;
    private final PickleArrays arrays;
    private final Map<String, Rule> rules = new HashMap<>();
    private int tupleKeys;

    /** What calling an allowed name with arguments gives. */
    interface Rule {
        Object call(String name, List<Object> arguments);
    }

    PickleGlobals(SourceFile file, PickleBudget budget, PickleStorage.Source storages) {
        this.file = file;
        this.budget = budget;
        this.tensors = new PickleTensors(file, storages);
        this.arrays = new PickleArrays(file, budget);
        addContainers();
        addObjects();
        tensors.addTo(this);
        arrays.addTo(this);
    }

    /** Allows a name and gives it a meaning. */
    void allow(String fullName, Rule rule) {
        rules.put(fullName, rule);
    }

    /** Allows names that may be mentioned but not called, such as element types. */
    void allowMention(String module, String... names) {
        for (String name : names) {
            rules.put(module + "." + name, (called, arguments) -> {
                throw malformed("a call of " + called);
            });
        }
    }

    private void addContainers() {
        allow("collections.OrderedDict", (name, a) -> dictionary(a));
        allow("builtins.dict", (name, a) -> dictionary(a));
        allow("collections.Counter", (name, a) -> dictionary(a));
        allow("collections.defaultdict", (name, a) -> dictionary(a.isEmpty() ? a : a.subList(1, a.size())));
        allow("builtins.list", (name, a) -> new ArrayList<>(items(a)));
        allow("builtins.set", (name, a) -> new ArrayList<>(items(a)));
        allow("builtins.frozenset", (name, a) -> new PyTuple(items(a)));
        allow("builtins.tuple", (name, a) -> new PyTuple(items(a)));
        allow("torch.Size", (name, a) -> new PyTuple(items(a)));
        allow("builtins.bytearray", (name, a) -> encoded(a));
        allow("_codecs.encode", (name, a) -> encoded(a));
        allowMention("builtins", "int", "long", "float", "bool", "str", "object", "bytes", "complex", "type");
    }

    private void addObjects() {
        for (String name : List.of(
                "argparse.Namespace",
                "types.SimpleNamespace",
                "torch.device",
                "torch.serialization._get_layout",
                "pathlib.Path",
                "pathlib.PosixPath",
                "pathlib.PurePosixPath",
                "pathlib.WindowsPath",
                "pathlib.PureWindowsPath")) {
            allow(name, PyObject::new);
        }
        allow("copyreg._reconstructor", (name, a) -> call(argument(a, 0), List.of()));
    }

    /** The value that stands for a global name; throws, naming it, when it is not in the table. */
    PyGlobal find(String module, String name) {
        PyGlobal global = new PyGlobal(canonical(module), name);
        if (!rules.containsKey(global.fullName())) {
            throw file.problem("the pickle asks for '" + module + "." + name
                    + "', which is not on the list of harmless names; nothing was executed."
                    + " If you trust the file, save only its state dict with PyTorch and use that.");
        }
        return global;
    }

    private static String canonical(String module) {
        return switch (module) {
            case "__builtin__" -> "builtins";
            case "copy_reg" -> "copyreg";
            case "torch.cuda" -> "torch";
            case "pathlib._local" -> "pathlib";
            case "numpy._core.multiarray" -> "numpy.core.multiarray";
            case "numpy._core.numeric" -> "numpy.core.numeric";
            default -> module;
        };
    }

    /** The inert result of a call. */
    Object call(Object function, List<Object> arguments) {
        Rule rule = function instanceof PyGlobal global ? rules.get(global.fullName()) : null;
        if (rule == null) {
            throw malformed("a call of something that is not a name");
        }
        budget.steps(arguments.size());
        return rule.call(((PyGlobal) function).fullName(), arguments);
    }

    /** Applies the state of an object, as {@code __setstate__} would. */
    void setState(Object target, Object state) {
        switch (target) {
            case PyObject object when object.className().startsWith("numpy.") -> arrays.setState(object, state);
            case PyObject object -> setAttributes(object, state);
            case Map<?, ?> attributesOfOrderedDict -> {} // such as _metadata: versions of modules
            default -> throw malformed("a state for something that has none");
        }
    }

    private void setAttributes(PyObject object, Object state) {
        for (Map.Entry<Object, Object> entry : map(state).entrySet()) {
            budget.step();
            object.with(String.valueOf(entry.getKey()), entry.getValue());
        }
    }

    Object storage(Object persistentId) {
        return tensors.storage(persistentId);
    }

    // Containers

    private Map<Object, Object> dictionary(List<Object> arguments) {
        Map<Object, Object> result = new LinkedHashMap<>();
        if (!arguments.isEmpty() && arguments.getFirst() instanceof Map<?, ?>) {
            Map<Object, Object> given = map(arguments.getFirst());
            budget.steps(given.size());
            result.putAll(given);
        } else {
            for (Object pair : items(arguments)) {
                if (!(pair instanceof List<?> list) || list.size() != 2) {
                    throw malformed("a dictionary entry that is not a pair");
                }
                put(result, argument(pair, 0), argument(pair, 1));
            }
        }
        return result;
    }

    /** Puts an entry whose key is plain, so that hashing it is cheap. */
    void put(Map<Object, Object> map, Object key, Object value) {
        boolean plain = isScalar(key);
        if (key instanceof PyTuple tuple) {
            plain = tuple.size() <= 16 && tuple.stream().allMatch(PickleGlobals::isScalar);
            if (++tupleKeys > MAX_TUPLE_KEYS) {
                throw malformed("more than " + MAX_TUPLE_KEYS + " dictionary keys that are tuples");
            }
        }
        if (!plain) {
            throw malformed("a dictionary key that is neither text nor a number");
        }
        map.put(key, value);
    }

    private static boolean isScalar(Object key) {
        return key instanceof String
                || key instanceof Number
                || key instanceof Boolean
                || key instanceof PyNone
                || key instanceof PyGlobal;
    }

    @SuppressWarnings("unchecked") // every map that the machine makes holds Objects
    Map<Object, Object> map(Object value) {
        if (value instanceof LinkedHashMap<?, ?> map) {
            return (Map<Object, Object>) map;
        }
        throw malformed("something else in place of a dictionary");
    }

    private List<Object> items(List<Object> arguments) {
        if (arguments.isEmpty()) {
            return List.of();
        }
        if (!(arguments.getFirst() instanceof List<?> list)) {
            throw malformed("something else in place of a list");
        }
        budget.steps(list.size());
        return new ArrayList<>(list);
    }

    private byte[] encoded(List<Object> arguments) {
        Object value = arguments.isEmpty() ? "" : argument(arguments, 0);
        if (value instanceof byte[] bytes) {
            return bytes;
        }
        if (!(value instanceof String text)) {
            throw malformed("something else in place of text to encode");
        }
        budget.bytes(text.length());
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    /** One argument of a call. */
    Object argument(Object arguments, int index) {
        Object value = arguments instanceof List<?> list && index < list.size() ? list.get(index) : null;
        if (value != null) {
            return value;
        }
        throw malformed("a call with too few arguments");
    }

    /** The rule of names that wrap a tensor: the tensor itself. */
    Object firstTensor(String name, List<Object> arguments) {
        if (argument(arguments, 0) instanceof StoredTensor tensor) {
            return tensor;
        }
        throw malformed("a call of " + name + " without a tensor");
    }

    private UserException malformed(String what) {
        return file.problem("malformed pickle: " + what + ". The file is damaged.");
    }
}
