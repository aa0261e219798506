package org.s2d.weights;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.s2d.tensor.Shape;
import org.s2d.tensor.UserException;

/** The names by which a pickle builds tensors and parameters over storages. */
final class PickleTensors {
    /** A view may have more elements than its storage (broadcasting); beyond this size it is an attack. */
    private static final long MAX_EXPANDED_BYTES = 64L << 20;

    private static final Map<String, StoredType> STORAGE_CLASSES = Map.ofEntries(
            Map.entry("torch.DoubleStorage", StoredType.F64),
            Map.entry("torch.FloatStorage", StoredType.F32),
            Map.entry("torch.HalfStorage", StoredType.F16),
            Map.entry("torch.BFloat16Storage", StoredType.BF16),
            Map.entry("torch.LongStorage", StoredType.I64),
            Map.entry("torch.IntStorage", StoredType.I32),
            Map.entry("torch.ShortStorage", StoredType.I16),
            Map.entry("torch.CharStorage", StoredType.I8),
            Map.entry("torch.ByteStorage", StoredType.U8),
            Map.entry("torch.BoolStorage", StoredType.BOOL),
            Map.entry("torch.storage.UntypedStorage", StoredType.U8),
            Map.entry("torch.storage._UntypedStorage", StoredType.U8));

    private static final Map<String, StoredType> DTYPES = Map.ofEntries(
            Map.entry("torch.float64", StoredType.F64),
            Map.entry("torch.float32", StoredType.F32),
            Map.entry("torch.float16", StoredType.F16),
            Map.entry("torch.bfloat16", StoredType.BF16),
            Map.entry("torch.int64", StoredType.I64),
            Map.entry("torch.int32", StoredType.I32),
            Map.entry("torch.int16", StoredType.I16),
            Map.entry("torch.int8", StoredType.I8),
            Map.entry("torch.uint32", StoredType.U32),
            Map.entry("torch.uint16", StoredType.U16),
            Map.entry("torch.uint8", StoredType.U8),
            Map.entry("torch.bool", StoredType.BOOL));

    private final SourceFile file;
    private final PickleStorage.Source storages;

    PickleTensors(SourceFile file, PickleStorage.Source storages) {
        this.file = file;
        this.storages = storages;
    }

    void addTo(PickleGlobals globals) {
        STORAGE_CLASSES.keySet().forEach(name -> globals.allowMention("torch", name.substring("torch.".length())));
        DTYPES.keySet().forEach(name -> globals.allowMention("torch", name.substring("torch.".length())));
        globals.allowMention("torch", "Tensor", "nn.parameter.Parameter", "nn.parameter.Buffer");
        globals.allow("torch._utils._rebuild_tensor", (name, a) -> tensor(a, null));
        globals.allow("torch._utils._rebuild_tensor_v2", (name, a) -> tensor(a, null));
        globals.allow("torch._utils._rebuild_tensor_v3", (name, a) -> tensor(a, dtype(globals.argument(a, 6))));
        globals.allow("torch._utils._rebuild_parameter", globals::firstTensor);
        globals.allow("torch._utils._rebuild_parameter_with_state", globals::firstTensor);
        globals.allow("torch._tensor._rebuild_from_type_v2", (name, a) -> {
            if (!(globals.argument(a, 1) instanceof PyGlobal)
                    || !(globals.argument(a, 0) instanceof PyGlobal function)
                    || !function.module().equals("torch._utils")
                    || !(globals.argument(a, 2) instanceof PyTuple inner)) {
                throw malformed("a tensor of an unknown kind");
            }
            return globals.call(function, inner);
        });
    }

    /** The storage of a persistent identifier ('storage', class, key, location, elements[, view]). */
    PickleStorage storage(Object persistentId) {
        if (persistentId instanceof PyTuple id
                && (id.size() == 5 || id.size() == 6)
                && id.getFirst().equals("storage")
                && id.get(1) instanceof PyGlobal storageClass
                && id.get(2) instanceof String key
                && id.get(4) instanceof Long numel) {
            StoredType type = STORAGE_CLASSES.get(storageClass.fullName());
            if (type != null) {
                PickleStorage storage = storages.find(type, key, numel);
                return id.size() == 6 ? part(storage, id.get(5)) : storage;
            }
        }
        throw malformed("a reference that is not to a tensor storage");
    }

    /** Part of a storage, as very old files describe it: (key, offset, elements) or None. */
    private PickleStorage part(PickleStorage whole, Object view) {
        if (view instanceof PyNone) {
            return whole;
        }
        if (view instanceof PyTuple part
                && part.size() == 3
                && part.get(1) instanceof Long offset
                && part.get(2) instanceof Long numel
                && offset >= 0
                && numel >= 0
                && offset <= whole.numel() - numel) {
            return new PickleStorage(whole.type(), offset, numel, whole.order(), whole.bytes());
        }
        throw malformed("a storage view that leaves its storage");
    }

    private StoredTensor tensor(List<Object> arguments, @Nullable StoredType asType) {
        if (arguments.size() < 4
                || !(arguments.get(0) instanceof PickleStorage storage)
                || !(arguments.get(1) instanceof Long offset)
                || !(arguments.get(2) instanceof List<?> sizes)
                || !(arguments.get(3) instanceof List<?> steps)) {
            throw malformed("a tensor without storage, offset, sizes and strides");
        }
        StoredType type = asType == null ? storage.type() : asType;
        Shape shape = file.shape("", longs(sizes));
        long[] strides = longs(steps);
        long unit = storage.type().bytes();
        if (offset < 0 || !StoredTensor.fits(shape, strides, offset, type, storage.numel() * unit)) {
            throw file.problem("a tensor of shape " + shape + " with strides " + Arrays.toString(strides)
                    + " and offset " + offset + " leaves its storage of " + storage.numel()
                    + " elements; the file is damaged.");
        }
        boolean expanded = shape.numel() > storage.numel() * unit / type.bytes();
        if (expanded && shape.numel() > MAX_EXPANDED_BYTES / type.bytes()) {
            throw file.problem("a tensor of shape " + shape + " repeats the " + storage.numel()
                    + " elements of its storage; refused beyond " + (MAX_EXPANDED_BYTES >> 20) + " MiB.");
        }
        long start = offset + storage.offset() * unit / type.bytes();
        return new StoredTensor("", type, shape, strides, start, storage.order(), storage.bytes());
    }

    private StoredType dtype(Object global) {
        StoredType type = global instanceof PyGlobal name ? DTYPES.get(name.fullName()) : null;
        if (type == null) {
            throw malformed("a tensor of unknown element type");
        }
        return type;
    }

    private long[] longs(List<?> values) {
        if (values.size() > SourceFile.MAX_RANK) {
            throw malformed("a tensor of " + values.size() + " dimensions");
        }
        long[] result = new long[values.size()];
        for (int i = 0; i < result.length; i++) {
            if (!(values.get(i) instanceof Long value)) {
                throw malformed("a size or stride that is not an integer");
            }
            result[i] = value;
        }
        return result;
    }

    private UserException malformed(String what) {
        return file.problem("malformed pickle: " + what + ". The file is damaged.");
    }
}
