package org.s2d.weights;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A Python object in a checkpoint's tree, such as {@code argparse.Namespace}: class name, constructor arguments and
 * attributes, without behaviour. A NumPy array is an object {@code numpy.ndarray} whose attribute {@code value} is a
 * {@link StoredTensor}.
 */
public final class PyObject {
    private final String className;
    private final List<Object> arguments;
    private final Map<String, Object> attributes = new LinkedHashMap<>();

    public PyObject(String className, List<?> arguments) {
        this.className = className;
        this.arguments = List.copyOf(arguments);
    }

    public String className() {
        return className;
    }

    public List<Object> arguments() {
        return arguments;
    }

    public Map<String, Object> attributes() {
        return Collections.unmodifiableMap(attributes);
    }

    /** Sets an attribute. Returns this. */
    public PyObject with(String name, Object value) {
        attributes.put(name, value);
        return this;
    }

    @Override
    public String toString() {
        return className
                + (arguments.isEmpty() ? "" : arguments.toString())
                + (attributes.isEmpty() ? "" : attributes.toString());
    }
}
