package org.s2d.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * PyTorch's zip format: {@code NAME/data.pkl} holds the tree, {@code NAME/data/KEY} one storage each,
 * {@code NAME/byteorder} (since 2.1) the byte order of the storages.
 */
final class TorchZipReader implements PickleStorage.Source {
    private static final String PICKLE = "data.pkl";

    private final SourceFile file;
    private final Map<String, StoredBytes> entries;
    private final String prefix;
    private final ByteOrder order;
    private final Map<String, PickleStorage> storages = new HashMap<>();

    TorchZipReader(SourceFile file, ZipArchive archive) {
        this.file = file;
        this.entries = archive.entries();
        this.prefix = prefix(archive);
        this.order = byteOrder();
    }

    static boolean recognises(ZipArchive archive) {
        return archive.entries().keySet().stream().anyMatch(TorchZipReader::isPickle);
    }

    private static boolean isPickle(String name) {
        return name.equals(PICKLE) || name.endsWith("/" + PICKLE);
    }

    private static String prefix(ZipArchive archive) {
        String name = archive.entries().keySet().stream()
                .filter(TorchZipReader::isPickle)
                .findFirst()
                .orElseThrow();
        return name.substring(0, name.length() - PICKLE.length());
    }

    private ByteOrder byteOrder() {
        StoredBytes entry = entries.get(prefix + "byteorder");
        if (entry == null || entry.size() > 16) {
            return ByteOrder.LITTLE_ENDIAN;
        }
        String text = new String(entry.get().toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII);
        return switch (text.strip()) {
            case "little" -> ByteOrder.LITTLE_ENDIAN;
            case "big" -> ByteOrder.BIG_ENDIAN;
            default -> throw file.problem("byte order '" + text + "', expected little or big; the file is damaged.");
        };
    }

    Checkpoint.Contents read() {
        StoredBytes entry = entries.get(prefix + PICKLE);
        if (entries.containsKey(prefix + "constants.pkl") || entry == null) {
            throw file.problem("a TorchScript program, expected a checkpoint. Save the model's state_dict instead.");
        }
        MemorySegment bytes = entry.get();
        PickleBudget budget = new PickleBudget(file);
        PickleGlobals globals = new PickleGlobals(file, budget, this);
        SourceFile pickle = new SourceFile(file.path(), bytes, file.arena());
        Object root = new Pickle(pickle, 0, globals, budget).read();
        return TorchTree.contents(file, Checkpoint.Format.PYTORCH, root);
    }

    @Override
    public PickleStorage find(StoredType type, String key, long numel) {
        PickleStorage known = storages.get(key);
        if (known != null && known.type() == type && known.numel() == numel) {
            return known;
        }
        StoredBytes bytes = entries.get(prefix + "data/" + key);
        if (bytes == null) {
            throw file.problem("storage '" + key + "' is missing; the file is damaged.");
        }
        if (numel < 0 || numel > bytes.size() / type.bytes()) {
            throw file.problem("storage '" + key + "' has " + bytes.size() + " bytes, expected " + numel
                    + " elements of " + type + "; the file is damaged.");
        }
        PickleStorage storage = new PickleStorage(type, 0, numel, order, bytes);
        storages.put(key, storage);
        return storage;
    }
}
