package org.s2d.weights;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes checkpoints that {@code torch.load} opens: a zip archive with the tree {@code {"model": OrderedDict of
 * tensors, ...}} as a pickle and one entry per storage.
 */
public final class CheckpointWriter {
    private CheckpointWriter() {}

    /**
     * Writes a state dict under the key {@code model}, with further entries beside it, replacing the file atomically.
     *
     * @param model tensors (Tensor or {@link StoredTensor}) by name, in the order to write
     * @param entries what else to store: maps, lists, {@link PyTuple}, strings, numbers, booleans, byte[],
     *     {@link PyNone}, {@link PyObject} and tensors, nested as deep as needed
     * @param previous what becomes of an existing file
     */
    public static void write(Path target, Map<String, ?> model, Map<String, ?> entries, AtomicFile.Previous previous) {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("model", new PickleWriter.StateDict(model));
        entries.forEach((key, value) -> {
            if (root.put(key, value) != null) {
                throw new IllegalArgumentException("checkpoint entry '" + key + "' is the model's own key");
            }
        });
        AtomicFile.write(target, previous, channel -> writeRoot(channel, root));
    }

    private static void writeRoot(FileChannel channel, Object root) throws IOException {
        PickleWriter pickle = new PickleWriter();
        byte[] tree = pickle.write(root);
        ZipWriter zip = new ZipWriter(channel);
        zip.add("archive/data.pkl", tree);
        zip.add("archive/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
        for (int i = 0; i < pickle.storages().size(); i++) {
            try (Arena arena = Arena.ofConfined()) {
                zip.add("archive/data/" + i, pickle.storages().get(i).littleEndianBytes(arena));
            }
        }
        zip.add("archive/version", "3\n".getBytes(StandardCharsets.US_ASCII));
        zip.finish();
    }
}
