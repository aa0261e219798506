package org.s2d.export;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.s2d.export.OnnxGraph.Initializer;
import org.s2d.export.OnnxGraph.Node;
import org.s2d.export.OnnxGraph.Value;
import org.s2d.tensor.DType;
import org.s2d.tensor.Tensor;
import org.s2d.weights.AtomicFile;

/**
 * Writes a graph as an ONNX file: a ModelProto message. A protobuf message may not have more than two gigabytes, so that larger models keep
 * their weights in a second file beside it, {@code NAME.data}, in which each weight starts at a multiple of 4096 bytes.
 *
 * <p>Numbers of the fields are those of the ONNX project's onnx.proto.
 */
final class OnnxFile {
    /** Bytes of weights from which on they go to a second file: room is left for the graph. */
    static final long LARGEST_INSIDE = (1L << 31) - (1L << 26);

    private static final long ALIGNMENT = 4096;

    private static final int FLOAT = 1;
    private static final int INT64 = 7;
    private static final int DOUBLE = 11;

    private final OnnxGraph graph;
    private final List<Value> inputs;
    private final List<Value> outputs;
    private final Map<String, String> metadata;
    private final List<MemorySegment> outside = new ArrayList<>();

    /** @param metadata texts that go with the model */
    OnnxFile(OnnxGraph graph, List<Value> inputs, List<Value> outputs, Map<String, String> metadata) {
        this.graph = graph;
        this.inputs = inputs;
        this.outputs = outputs;
        this.metadata = metadata;
    }

    /**
     * Writes the file, and before it the one with the weights where they have more than {@code inside} bytes. Returns the bytes of both.
     */
    long write(Path target, String producerVersion, long inside) {
        long weights = graph.initializers().stream()
                .mapToLong(weight -> weight.values().data().byteSize())
                .sum();
        Path data = target.resolveSibling(target.getFileName() + ".data");
        boolean apart = weights > inside;
        ProtoMessage model = model(producerVersion, apart ? data.getFileName().toString() : "");
        long size = model.size();
        if (apart) {
            AtomicFile.write(data, AtomicFile.Previous.DISCARD, this::writeData);
            size += outside.stream().mapToLong(MemorySegment::byteSize).sum();
        }
        AtomicFile.write(target, AtomicFile.Previous.DISCARD, model::writeTo);
        return size;
    }

    private void writeData(FileChannel channel) throws IOException {
        for (MemorySegment bytes : outside) {
            ProtoMessage.write(channel, MemorySegment.ofArray(new byte[(int) (-channel.position() & (ALIGNMENT - 1))]));
            ProtoMessage.write(channel, bytes);
        }
    }

    /** @param data name of the file of weights; empty: they are inside */
    private ProtoMessage model(String producerVersion, String data) {
        ProtoMessage opset = new ProtoMessage().text(1, "").integer(2, graph.opset());
        ProtoMessage model = new ProtoMessage()
                .integer(1, irVersion(graph.opset()))
                .text(2, "s2d")
                .text(3, producerVersion)
                .text(6, "Expression recognition in clips of one face")
                .message(7, graphMessage(data))
                .message(8, opset);
        metadata.forEach((key, value) -> model.message(14, entry(key, value)));
        return model;
    }

    /** The format's version that came with a version of the operators. */
    private static int irVersion(int opset) {
        return opset < 19 ? 8 : opset < 21 ? 9 : 10;
    }

    private ProtoMessage graphMessage(String data) {
        ProtoMessage message = new ProtoMessage();
        graph.nodes().forEach(node -> message.message(1, node(node)));
        message.text(2, "s2d");
        long offset = 0;
        for (Initializer weight : graph.initializers()) {
            boolean apart = !data.isEmpty() && weight.values().dtype() == DType.F32;
            message.message(5, apart ? outside(weight, data, offset) : inside(weight));
            if (apart) {
                MemorySegment bytes = weight.values().data();
                outside.add(bytes);
                offset = (offset + bytes.byteSize() + ALIGNMENT - 1) & -ALIGNMENT;
            }
        }
        inputs.forEach(value -> message.message(11, value(value)));
        outputs.forEach(value -> message.message(12, value(value)));
        return message;
    }

    private static ProtoMessage node(Node node) {
        ProtoMessage message = new ProtoMessage();
        node.inputs().forEach(input -> message.text(1, input));
        node.outputs().forEach(output -> message.text(2, output));
        message.text(3, node.name()).text(4, node.operator());
        node.attributes().forEach((name, value) -> message.message(5, attribute(name, value)));
        return message;
    }

    private static ProtoMessage attribute(String name, Object value) {
        ProtoMessage message = new ProtoMessage().text(1, name);
        return switch (value) {
            case Double real -> message.real(2, real.floatValue()).integer(20, 1);
            case Long integer -> message.integer(3, integer).integer(20, 2);
            case String text -> message.text(4, text).integer(20, 3);
            case long[] integers -> message.integers(8, integers).integer(20, 7);
            default -> throw new IllegalArgumentException("attribute " + name + ": " + value.getClass());
        };
    }

    /** Name, sizes and type of a weight. */
    private static ProtoMessage tensor(Initializer weight) {
        Tensor values = weight.values();
        ProtoMessage message = new ProtoMessage();
        for (int size : values.shape().toArray()) {
            message.integer(1, size);
        }
        return message.integer(2, type(values.dtype())).text(8, weight.name());
    }

    /** The format's number of an element type. */
    static int type(DType type) {
        return switch (type) {
            case F32 -> FLOAT;
            case F64 -> DOUBLE;
            case I64 -> INT64;
            default -> throw new IllegalArgumentException("no values of type " + type + " in graphs");
        };
    }

    private static ProtoMessage inside(Initializer weight) {
        return tensor(weight).bytes(9, weight.values().data());
    }

    private static ProtoMessage outside(Initializer weight, String file, long offset) {
        return tensor(weight)
                .message(13, entry("location", file))
                .message(13, entry("offset", Long.toString(offset)))
                .message(
                        13, entry("length", Long.toString(weight.values().data().byteSize())))
                .integer(14, 1);
    }

    private static ProtoMessage entry(String key, String value) {
        return new ProtoMessage().text(1, key).text(2, value);
    }

    private static ProtoMessage value(Value value) {
        ProtoMessage shape = new ProtoMessage();
        for (int size : value.sizes()) {
            shape.message(1, size < 0 ? new ProtoMessage().text(2, "batch") : new ProtoMessage().integer(1, size));
        }
        ProtoMessage tensor = new ProtoMessage().integer(1, FLOAT).message(2, shape);
        return new ProtoMessage().text(1, value.name()).message(2, new ProtoMessage().message(1, tensor));
    }
}
