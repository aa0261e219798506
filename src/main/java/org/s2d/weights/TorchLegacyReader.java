package org.s2d.weights;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.UserException;

/**
 * PyTorch's format before 1.6: five pickles (magic number, protocol, system, tree, storage keys), then each storage as
 * eight bytes of element count and its elements.
 */
final class TorchLegacyReader implements PickleStorage.Source {
    private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final String MAGIC_AS_TEXT = "L" + MAGIC + "L\n"; // pickle protocol 1
    private static final long PROTOCOL = 1001;

    private final SourceFile file;
    private final Map<String, Late> storages = new HashMap<>();

    /** A storage whose place is known only after the tree that refers to it was read. */
    private final class Late implements StoredBytes {
        private final StoredType type;
        private final long numel;
        private @Nullable MemorySegment bytes;

        Late(StoredType type, long numel) {
            this.type = type;
            this.numel = numel;
        }

        @Override
        public long size() {
            return numel * type.bytes();
        }

        @Override
        public MemorySegment get() {
            MemorySegment found = bytes;
            if (found == null) {
                throw file.truncated();
            }
            return found;
        }
    }

    TorchLegacyReader(SourceFile file) {
        this.file = file;
    }

    /** True for anything that looks like a pickle; {@link #read} tells whose. */
    static boolean recognises(SourceFile file) {
        return (file.size() > 2 && file.u8(0) == 0x80 && file.u8(1) <= 5)
                || file.startsWith(MAGIC_AS_TEXT.getBytes(StandardCharsets.US_ASCII));
    }

    Checkpoint.Contents read() {
        PickleBudget budget = new PickleBudget(file);
        Pickle pickle = new Pickle(file, 0, new PickleGlobals(file, budget, this), budget);
        if (!MAGIC.equals(pickle.read())) {
            throw file.problem("a Python pickle that is not a PyTorch checkpoint; nothing was executed."
                    + " Save tensors with torch.save or as safetensors.");
        }
        if (!Long.valueOf(PROTOCOL).equals(pickle.read())) {
            throw file.problem("an unknown version of PyTorch's old format, expected protocol " + PROTOCOL + ".");
        }
        ByteOrder order = byteOrder(pickle.read());
        if (order != ByteOrder.LITTLE_ENDIAN) {
            throw file.problem("written on a big-endian machine in PyTorch's old format, which is not supported."
                    + " Save it again with a newer PyTorch.");
        }
        Object root = pickle.read();
        placeStorages(pickle.read(), pickle.position());
        return TorchTree.contents(file, Checkpoint.Format.PYTORCH_LEGACY, root);
    }

    private ByteOrder byteOrder(Object system) {
        if (system instanceof Map<?, ?> map && map.get("little_endian") instanceof Boolean little) {
            return little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
        }
        throw damaged("no byte order");
    }

    private void placeStorages(Object keys, long start) {
        if (!(keys instanceof List<?> list)) {
            throw damaged("no list of storages");
        }
        long at = start;
        for (Object key : list) {
            Late storage = key instanceof String text ? storages.get(text) : null;
            if (storage == null || storage.bytes != null) {
                throw damaged("storage '" + key + "' without a tensor, or twice");
            }
            if (file.u64(at) != storage.numel) {
                throw damaged("storage '" + key + "' has " + file.u64(at) + " elements, expected " + storage.numel);
            }
            storage.bytes = file.slice(at + 8, storage.size());
            at += 8 + storage.size();
        }
        storages.forEach((key, storage) -> {
            if (storage.bytes == null) {
                throw damaged("storage '" + key + "' is missing");
            }
        });
    }

    @Override
    public PickleStorage find(StoredType type, String key, long numel) {
        if (numel < 0 || numel > file.size() / type.bytes()) {
            throw file.truncated();
        }
        Late storage = storages.computeIfAbsent(key, k -> new Late(type, numel));
        if (storage.type != type || storage.numel != numel) {
            throw damaged("storage '" + key + "' is described in two ways");
        }
        return new PickleStorage(type, 0, numel, ByteOrder.LITTLE_ENDIAN, storage);
    }

    private UserException damaged(String what) {
        return file.problem("damaged checkpoint in PyTorch's old format: " + what + ". Copy it again.");
    }
}
