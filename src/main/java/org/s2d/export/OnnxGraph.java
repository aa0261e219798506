package org.s2d.export;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * A graph of ONNX operators under construction. Values are known by their names; weights keep the names of the state dict, constants and
 * results get the path of the layer they belong to. Operators are written as of version 17 of the standard set, but for the one that
 * changed since ({@link #mean}).
 *
 * <p>Source: the ONNX intermediate representation and operator specifications.
 */
final class OnnxGraph {
    /** The first version with layer normalisation. */
    static final int FIRST_OPSET = 17;

    /** The last version whose changes were looked through. */
    static final int LAST_OPSET = 22;

    private static final int AXES_AS_INPUT = 18;

    /** A weight or constant; {@code values} F32, F64 or I64, contiguous, valid until the model is written. */
    record Initializer(String name, Tensor values) {}

    /** A node with its results; attributes are Long, long[], Double or String. */
    record Node(
            String name, String operator, List<String> inputs, List<String> outputs, Map<String, Object> attributes) {}

    /** An input or output; negative sizes stand for the batch. */
    @SuppressWarnings("ArrayRecordComponent") // only read
    record Value(String name, int... sizes) {}

    private final int opset;
    private final Scope scope;
    private final List<Node> nodes = new ArrayList<>();
    private final Map<String, Initializer> initializers = new LinkedHashMap<>();
    private final Map<String, Integer> uses = new HashMap<>();

    /** Constants are kept in {@code scope}. */
    OnnxGraph(int opset, Scope scope) {
        this.opset = opset;
        this.scope = scope;
    }

    int opset() {
        return opset;
    }

    List<Node> nodes() {
        return nodes;
    }

    List<Initializer> initializers() {
        return List.copyOf(initializers.values());
    }

    /** Attributes of one node: names and values in turn. */
    private static Map<String, Object> attributes(Object... pairs) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            map.put((String) pairs[i], pairs[i + 1]);
        }
        return map;
    }

    /** Adds an operator with one result; returns the result's name. */
    String node(String path, String operator, List<String> inputs, Object... attributes) {
        return nodes(path, operator, inputs, 1, attributes).getFirst();
    }

    /** Adds an operator with several results; returns their names. */
    List<String> nodes(String path, String operator, List<String> inputs, int results, Object... attributes) {
        String name = unique(path + "/" + operator);
        List<String> outputs = new ArrayList<>();
        for (int i = 0; i < results; i++) {
            outputs.add(name + (results == 1 ? "" : ":" + i));
        }
        nodes.add(new Node(name, operator, inputs, outputs, attributes(attributes)));
        return outputs;
    }

    private String unique(String name) {
        int count = uses.merge(name, 1, Integer::sum);
        return count == 1 ? name : name + "_" + count;
    }

    /** Gives a value the name of an output. */
    void output(String name, String value) {
        nodes.add(new Node("outputs/" + name, "Identity", List.of(value), List.of(name), Map.of()));
    }

    // Constants

    /** A weight in 32-bit floats, once however often it is asked for. */
    String weight(String name, Tensor values) {
        initializers.putIfAbsent(name, new Initializer(name, values));
        return name;
    }

    /** Whole numbers: shapes, axes. */
    String integers(String path, long... values) {
        Tensor tensor = scope.allocate(DType.I64, Shape.of(values.length));
        for (int i = 0; i < values.length; i++) {
            tensor.setLong(i, values[i]);
        }
        String name = unique(path + "/" + "sizes");
        return weight(name, tensor);
    }

    /** A single whole number. */
    String integer(String path, long value) {
        Tensor tensor = scope.allocate(DType.I64, Shape.of());
        tensor.setLong(0, value);
        return weight(unique(path + "/integer"), tensor);
    }

    String floats(String name, float[] values, int... shape) {
        Tensor tensor = scope.allocate(DType.F32, Shape.of(shape));
        MemorySegment.copy(values, 0, tensor.data(), ValueLayout.JAVA_FLOAT, 0, values.length);
        return weight(unique(name), tensor);
    }

    String scalar(String path, double value) {
        return scalar(path, DType.F32, value);
    }

    String scalar(String path, DType type, double value) {
        Tensor tensor = scope.allocate(type, Shape.of());
        tensor.setDouble(0, value);
        return weight(unique(path + "/" + "constant"), tensor);
    }

    /** Zeros that take no room in the file. */
    String zeros(String path, long... sizes) {
        return node(path, "ConstantOfShape", List.of(integers(path, sizes)));
    }

    // Arithmetic

    String add(String path, String a, String b) {
        return node(path, "Add", List.of(a, b));
    }

    String multiply(String path, String a, String b) {
        return node(path, "Mul", List.of(a, b));
    }

    String product(String path, String a, String b) {
        return node(path, "MatMul", List.of(a, b));
    }

    /** {@code x (1 + erf(x / sqrt 2)) / 2}. */
    String gelu(String path, String x) {
        String erf = node(path, "Erf", List.of(multiply(path, x, scalar(path, Math.sqrt(0.5)))));
        String gate = add(path, erf, scalar(path, 1));
        return multiply(path, multiply(path, x, gate), scalar(path, 0.5));
    }

    String softmax(String path, String x, int axis) {
        return node(path, "Softmax", List.of(x), "axis", (long) axis);
    }

    /** Rounds towards zero to whole numbers. */
    String cast(String path, String x, DType type) {
        return node(path, "Cast", List.of(x), "to", (long) OnnxFile.type(type));
    }

    /** Mean over one axis, which goes. */
    String mean(String path, String x, int axis) {
        return opset < AXES_AS_INPUT
                ? node(path, "ReduceMean", List.of(x), "axes", new long[] {axis}, "keepdims", 0L)
                : node(path, "ReduceMean", List.of(x, integers(path, axis)), "keepdims", 0L);
    }

    // Shapes

    /** As Reshape has it: 0 keeps a size, -1 is what remains. */
    String reshape(String path, String x, long... sizes) {
        return node(path, "Reshape", List.of(x, integers(path, sizes)));
    }

    String transpose(String path, String x, int... permutation) {
        return node(
                path,
                "Transpose",
                List.of(x),
                "perm",
                Arrays.stream(permutation).asLongStream().toArray());
    }

    String concat(String path, int axis, String... parts) {
        return node(path, "Concat", List.of(parts), "axis", (long) axis);
    }

    List<String> split(String path, String x, int axis, long... lengths) {
        return nodes(path, "Split", List.of(x, integers(path, lengths)), lengths.length, "axis", (long) axis);
    }

    /** Sizes {@code first} to {@code last - 1} of a value. */
    String sizes(String path, String x, int first, int last) {
        return node(path, "Shape", List.of(x), "start", (long) first, "end", (long) last);
    }

    /** One index of an axis, which goes. */
    String select(String path, String x, int axis, long index) {
        return node(path, "Gather", List.of(x, integer(path, index)), "axis", (long) axis);
    }

    // Pictures

    /**
     * Bilinear resizing of [F, C, from, from] to [F, C, to, to], as products with two matrices: the operator Resize rounds coordinates to floats,
     * and each program rounds them in its own way.
     */
    String resize(String path, String x, int from, int to, boolean alignCorners) {
        Tensor rows = scope.allocate(DType.F32, Shape.of(to, from));
        Tensor columns = scope.allocate(DType.F32, Shape.of(from, to));
        for (int i = 0; i < to; i++) {
            double at = alignCorners
                    ? i * (from - 1) / (double) Math.max(1, to - 1)
                    : Math.max(0, (i + 0.5) * from / to - 0.5);
            for (int j = 0; j < from; j++) {
                double share = Math.max(0, 1 - Math.abs(Math.min(at, from - 1) - j));
                rows.setDouble((long) i * from + j, share);
                columns.setDouble((long) j * to + i, share);
            }
        }
        String tall = product(path, weight(unique(path + "/rows"), rows), x);
        return product(path, tall, weight(unique(path + "/columns"), columns));
    }

    /** Strides, padding on both sides and groups of a convolution. */
    record Window(int stride, int padding, int groups) {
        static final Window POINT = new Window(1, 0, 1);
    }

    String convolution(String path, String x, String weight, String bias, Window window) {
        long pad = window.padding();
        return node(
                path,
                "Conv",
                List.of(x, weight, bias),
                "strides",
                new long[] {window.stride(), window.stride()},
                "pads",
                new long[] {pad, pad, pad, pad},
                "group",
                (long) window.groups());
    }
}
