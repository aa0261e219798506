package org.s2d.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;

/**
 * Reads the index of a safetensors file: eight bytes of header length, a JSON header, then the tensors' bytes, which
 * must tile the rest of the file exactly, without gap or overlap.
 */
final class SafetensorsReader {
    /** The bound of the format's reference implementation. */
    static final long MAX_HEADER = 100_000_000;

    private static final int MAX_TENSORS = 1_000_000;

    private final SourceFile file;
    private final List<Entry> entries = new ArrayList<>();
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private record Entry(String name, StoredType type, Shape shape, long begin, long end) {}

    SafetensorsReader(SourceFile file) {
        this.file = file;
    }

    /** True when a file starts like this format: a length of less than four gigabytes, then a JSON object. */
    static boolean recognises(SourceFile file) {
        return file.size() > 8 && file.u32(4) == 0 && file.u8(8) == '{';
    }

    Checkpoint.Contents read() {
        if (file.size() < 8) {
            throw file.truncated();
        }
        long header = file.u64(0);
        if (header < 0 || header > MAX_HEADER) {
            throw file.problem("safetensors header of " + Long.toUnsignedString(header) + " bytes, expected at most "
                    + MAX_HEADER + ". The file is damaged or of another kind.");
        }
        if (header > file.size() - 8) {
            throw file.truncated();
        }
        parseHeader(file.utf8(file.slice(8, header), "the safetensors header"));
        requireTiling(file.size() - 8 - header);
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (Entry entry : entries) {
            var bytes = file.slice(8 + header + entry.begin(), entry.end() - entry.begin());
            tensors.put(
                    entry.name(),
                    StoredTensor.contiguous(entry.name(), entry.type(), entry.shape(), StoredBytes.of(bytes)));
        }
        Map<String, StoredTensor> fixed = Collections.unmodifiableMap(tensors);
        return new Checkpoint.Contents(
                Checkpoint.Format.SAFETENSORS, fixed, fixed, Collections.unmodifiableMap(metadata));
    }

    private void parseHeader(String json) {
        if (!json.startsWith("{")) {
            throw file.problem("the safetensors header is not a JSON object. The file is damaged or of another kind.");
        }
        JsonFactory factory = JsonFactory.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .streamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(8).build())
                .build();
        try (JsonParser parser = factory.createParser(json)) {
            parser.nextToken();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                if (name.equals("__metadata__")) {
                    parseMetadata(parser);
                } else {
                    parseEntry(name, parser);
                }
            }
            if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
                throw file.problem("the safetensors header goes on after its JSON object; the file is damaged.");
            }
        } catch (IOException e) {
            String reason = e instanceof JsonProcessingException wrong ? wrong.getOriginalMessage() : e.getMessage();
            throw file.problem("the safetensors header is not valid JSON (" + reason + ").");
        }
    }

    private void parseMetadata(JsonParser parser) throws IOException {
        requireToken(parser.nextToken() == JsonToken.START_OBJECT, "__metadata__", "is not an object");
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String key = parser.currentName();
            requireToken(parser.nextToken() == JsonToken.VALUE_STRING, "__metadata__." + key, "is not a string");
            metadata.put(key, parser.getText());
        }
    }

    private void parseEntry(String name, JsonParser parser) throws IOException {
        requireToken(parser.nextToken() == JsonToken.START_OBJECT, name, "is not described by an object");
        String dtype = null;
        long[] dims = null;
        long[] range = null;
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            parser.nextToken();
            switch (field) {
                case "dtype" -> dtype = text(parser, name);
                case "shape" -> dims = integers(parser, name, SourceFile.MAX_RANK);
                case "data_offsets" -> range = integers(parser, name, 2);
                default -> throw file.problem("tensor '" + name + "' has an unknown field '" + field + "'.");
            }
        }
        entries.add(entry(name, dtype, dims, range));
        if (entries.size() > MAX_TENSORS) {
            throw file.problem("more than " + MAX_TENSORS + " tensors.");
        }
    }

    private Entry entry(String name, @Nullable String dtype, long @Nullable [] dims, long @Nullable [] range) {
        if (dtype == null || dims == null || range == null || range.length != 2) {
            throw file.problem("tensor '" + name + "' lacks dtype, shape or two data_offsets; the file is damaged.");
        }
        StoredType type = StoredType.named(dtype);
        if (type == null) {
            throw file.problem("tensor '" + name + "' has element type '" + dtype + "', supported are "
                    + Arrays.toString(StoredType.values()) + ".");
        }
        Shape shape = file.shape(name, dims);
        boolean fits;
        try {
            long bytes = Math.multiplyExact(shape.numel(), (long) type.bytes());
            fits = range[0] >= 0 && range[1] >= range[0] && range[1] - range[0] == bytes;
        } catch (ArithmeticException e) {
            fits = false;
        }
        if (!fits) {
            throw file.problem("tensor '" + name + "' of type " + type + " and shape " + shape
                    + " does not fit its data_offsets " + Arrays.toString(range) + ".");
        }
        return new Entry(name, type, shape, range[0], range[1]);
    }

    private String text(JsonParser parser, String name) throws IOException {
        requireToken(parser.currentToken() == JsonToken.VALUE_STRING, name, "has a dtype that is not a string");
        return parser.getText();
    }

    private long[] integers(JsonParser parser, String name, int most) throws IOException {
        requireToken(parser.currentToken() == JsonToken.START_ARRAY, name, "lacks a list of numbers");
        long[] values = new long[most];
        int count = 0;
        while (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
            requireToken(count < most, name, "has more than " + most + " numbers in a list");
            values[count++] = parser.getLongValue();
        }
        requireToken(parser.currentToken() == JsonToken.END_ARRAY, name, "has something else than integers in a list");
        return Arrays.copyOf(values, count);
    }

    private void requireToken(boolean fine, String name, String complaint) {
        if (!fine) {
            throw file.problem("in the safetensors header, '" + name + "' " + complaint + ".");
        }
    }

    private void requireTiling(long available) {
        List<Entry> sorted = new ArrayList<>(entries);
        sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long expected = 0;
        for (Entry entry : sorted) {
            if (entry.begin() != expected) {
                throw file.problem("tensor '" + entry.name() + "' starts at byte " + entry.begin()
                        + " of the data, expected " + expected + "; the file is damaged.");
            }
            expected = entry.end();
        }
        if (expected != available) {
            throw file.problem("the header describes " + expected + " bytes of tensors, the file holds " + available
                    + ". It is truncated or damaged; copy it again.");
        }
    }
}
