package org.s2d.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.s2d.tensor.Tensor;

/**
 * Writes safetensors files. Equal input gives equal bytes: tensors by decreasing element size, then by name, so that
 * every one is aligned; header padded to a multiple of eight.
 */
public final class SafetensorsWriter {
    private static final long CHUNK = 1L << 26;

    private SafetensorsWriter() {}

    /** Writes tensors by name with text entries, replacing the file atomically. */
    public static void write(Path target, Map<String, Tensor> tensors, Map<String, String> metadata) {
        List<StoredTensor> stored = new ArrayList<>();
        tensors.forEach((name, tensor) -> stored.add(StoredTensor.of(name, tensor)));
        writeStored(target, stored, metadata);
    }

    /** Writes tensors of an open checkpoint with text entries, replacing the file atomically. */
    public static void writeStored(Path target, Collection<StoredTensor> tensors, Map<String, String> metadata) {
        List<StoredTensor> sorted = new ArrayList<>(tensors);
        sorted.sort(
                Comparator.comparingInt((StoredTensor tensor) -> -tensor.type().bytes())
                        .thenComparing(StoredTensor::name));
        AtomicFile.write(target, AtomicFile.Previous.DISCARD, channel -> {
            byte[] json = header(sorted, new TreeMap<>(metadata));
            ByteBuffer start = ByteBuffer.allocate(8 + json.length).order(ByteOrder.LITTLE_ENDIAN);
            AtomicFile.writeFully(channel, start.putLong(json.length).put(json).flip());
            for (StoredTensor tensor : sorted) {
                try (Arena arena = Arena.ofConfined()) {
                    writeBytes(channel, tensor.littleEndianBytes(arena));
                }
            }
        });
    }

    /** Writes a segment of any size. */
    static void writeBytes(FileChannel channel, MemorySegment bytes) throws IOException {
        for (long at = 0; at < bytes.byteSize(); at += CHUNK) {
            ByteBuffer part =
                    bytes.asSlice(at, Math.min(CHUNK, bytes.byteSize() - at)).asByteBuffer();
            AtomicFile.writeFully(channel, part);
        }
    }

    private static byte[] header(List<StoredTensor> tensors, Map<String, String> metadata) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (JsonGenerator json = new JsonFactory().createGenerator(out)) {
            json.writeStartObject();
            if (!metadata.isEmpty()) {
                json.writeObjectFieldStart("__metadata__");
                for (Map.Entry<String, String> entry : metadata.entrySet()) {
                    json.writeStringField(entry.getKey(), entry.getValue());
                }
                json.writeEndObject();
            }
            long offset = 0;
            for (StoredTensor tensor : tensors) {
                json.writeObjectFieldStart(tensor.name());
                json.writeStringField("dtype", tensor.storedDtype());
                json.writeFieldName("shape");
                int[] dims = tensor.shape().toArray();
                json.writeArray(dims, 0, dims.length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {offset, offset + tensor.bytes()}, 0, 2);
                json.writeEndObject();
                offset = Math.addExact(offset, tensor.bytes());
            }
            json.writeEndObject();
        }
        while (out.size() % 8 != 0) {
            out.write(' ');
        }
        return out.toByteArray();
    }
}
