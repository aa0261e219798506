package org.s2d.weights;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.ShapeException;
import org.s2d.tensor.Tensor;
import org.s2d.tensor.UserException;

/**
 * A checkpoint file opened for reading, in any format, recognised by its content. The file is mapped: opening reads
 * the index, loading copies one tensor's bytes. Nothing in a file is ever executed; whatever is wrong with it is a
 * {@link UserException} of one line.
 */
public final class Checkpoint implements AutoCloseable {
    /** File formats, as {@link #open} recognises them. */
    public enum Format {
        SAFETENSORS("safetensors"),
        PYTORCH("PyTorch zip"),
        PYTORCH_LEGACY("PyTorch before 1.6"),
        NPY("NumPy array"),
        NPZ("NumPy archive");

        private final String description;

        Format(String description) {
            this.description = description;
        }

        public String description() {
            return description;
        }
    }

    /** What a reader found: the state dict's tensors, the whole tree, and the file's own text entries. */
    record Contents(Format format, Map<String, StoredTensor> tensors, Object root, Map<String, String> metadata) {}

    private final SourceFile file;
    private final Contents contents;

    private Checkpoint(SourceFile file, Contents contents) {
        this.file = file;
        this.contents = contents;
    }

    /** Opens a checkpoint; throws {@link UserException} when the file is missing, damaged or of another kind. */
    public static Checkpoint open(Path path) {
        Arena arena = Arena.ofShared();
        try {
            SourceFile file = new SourceFile(path, map(path, arena), arena);
            return new Checkpoint(file, read(file));
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static MemorySegment map(Path path, Arena arena) {
        if (!Files.exists(path)) {
            throw new UserException(path + ": no such file.");
        }
        if (!Files.isRegularFile(path)) {
            throw new UserException(path + ": not a regular file, expected a checkpoint file.");
        }
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            if (channel.size() == 0) {
                throw new UserException(path + ": the file is empty, expected a checkpoint. Copy it again.");
            }
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (AccessDeniedException e) {
            throw new UserException(path + ": no permission to read the file.", e);
        } catch (IOException e) {
            throw new UserException(path + ": cannot be read (" + e.getMessage() + ").", e);
        }
    }

    private static Contents read(SourceFile file) {
        if (ZipArchive.recognises(file)) {
            ZipArchive archive = new ZipArchive(file);
            if (TorchZipReader.recognises(archive)) {
                return new TorchZipReader(file, archive).read();
            }
            if (NumpyReader.recognises(archive)) {
                return NumpyReader.readArchive(file, archive);
            }
            throw file.problem("a zip archive that holds neither a PyTorch checkpoint nor NumPy arrays.");
        }
        if (NumpyReader.recognises(file)) {
            return NumpyReader.readArray(file);
        }
        // Before the pickles, since the length of a header may start with the same two bytes as a pickle.
        if (SafetensorsReader.recognises(file) || file.path().toString().endsWith(".safetensors")) {
            return new SafetensorsReader(file).read();
        }
        if (TorchLegacyReader.recognises(file)) {
            return new TorchLegacyReader(file).read();
        }
        throw file.problem("not a checkpoint: expected PyTorch (.pth, .pt), safetensors or NumPy (.npy, .npz).");
    }

    public Path path() {
        return file.path();
    }

    public Format format() {
        return contents.format();
    }

    /**
     * The tensors by name, in the file's order. For PyTorch files the state dict: what lies under the top key
     * {@code model}, {@code module}, {@code model_state_dict} or {@code state_dict}, else the whole tree; nested
     * containers give dotted names.
     */
    public Map<String, StoredTensor> tensors() {
        return contents.tensors();
    }

    /**
     * Everything the file holds, as inert values: Map, List, {@link PyTuple}, String, Long, BigInteger, Double, Boolean,
     * byte[], {@link PyNone}, {@link PyObject}, {@link PyGlobal} and {@link StoredTensor}. Free of cycles. For formats
     * other than PyTorch's the same as {@link #tensors}.
     */
    public Object root() {
        return contents.root();
    }

    /**
     * A value of the tree: keys of maps, attribute names of objects and indices of lists, from the top down. Throws
     * when there is none.
     */
    public Object entry(Object... path) {
        Object value = root();
        for (Object key : path) {
            Object wanted = key instanceof Integer index ? (Object) index.longValue() : key;
            Object next = switch (value) {
                case Map<?, ?> map -> map.get(wanted);
                case PyObject object
                when wanted instanceof String name -> object.attributes().get(name);
                case List<?> list
                when wanted instanceof Long index && index >= 0 && index < list.size() -> list.get(index.intValue());
                default -> null;
            };
            if (next == null) {
                throw file.problem("no entry '" + key + "' (of " + Arrays.toString(path) + ") in the checkpoint.");
            }
            value = next;
        }
        return value;
    }

    /** All tensors of the tree, the optimiser's too, by dotted path such as {@code optimizer.state.0.exp_avg}. */
    public Map<String, StoredTensor> allTensors() {
        return TorchTree.flatten(file, root());
    }

    /** Names and shapes, as the matching of names takes them. */
    public Map<String, Shape> shapes() {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        tensors().forEach((name, tensor) -> shapes.put(name, tensor.shape()));
        return Collections.unmodifiableMap(shapes);
    }

    /** Text entries beside the tensors (the {@code __metadata__} of a safetensors file); empty elsewhere. */
    public Map<String, String> metadata() {
        return contents.metadata();
    }

    /** Reads the tensors' bytes and checks them, so that loading need not wait for the disk; another thread may do so meanwhile. */
    public void readAhead() {
        tensors().values().forEach(tensor -> tensor.storage().get());
    }

    /** Copies a tensor into a scope: floating types as stored, integers and booleans as I64. */
    public Tensor load(String name, Scope scope) {
        return load(tensor(name), scope);
    }

    /** Copies a tensor into a scope, converted; floating values do not convert to I64. */
    public Tensor loadAs(String name, DType dtype, Scope scope) {
        return loadAs(tensor(name), dtype, scope);
    }

    /** Copies a tensor found in this file's tree. */
    public Tensor load(StoredTensor tensor, Scope scope) {
        return loadAs(tensor, tensor.type().loadsAs(), scope);
    }

    /** Copies a tensor found in this file's tree, converted. */
    public Tensor loadAs(StoredTensor tensor, DType dtype, Scope scope) {
        requireConvertible(tensor, dtype);
        Tensor target = scope.allocate(dtype, tensor.shape());
        new ElementCopy(tensor, target.data()).convert(dtype);
        return target;
    }

    /** Overwrites a contiguous tensor of the same shape with a stored one, converted to the target's type. */
    public void loadInto(String name, Tensor target) {
        StoredTensor tensor = tensor(name);
        if (!tensor.shape().equals(target.shape())) {
            throw new ShapeException("load: '" + name + "' has shape " + tensor.shape() + " in " + path()
                    + ", expected " + target.shape());
        }
        requireConvertible(tensor, target.dtype());
        new ElementCopy(tensor, target.data()).convert(target.dtype());
    }

    private void requireConvertible(StoredTensor tensor, DType dtype) {
        if (dtype == DType.I64 && tensor.type().loadsAs() != DType.I64) {
            throw file.problem(
                    "tensor '" + tensor.name() + "' holds " + tensor.storedDtype() + " values, expected integers.");
        }
    }

    /** The tensor of that name; throws when there is none. */
    public StoredTensor tensor(String name) {
        StoredTensor tensor = tensors().get(name);
        if (tensor == null) {
            throw file.problem(
                    "no tensor named '" + name + "' among " + tensors().size() + ". './s2d inspect' lists them.");
        }
        return tensor;
    }

    /** Unmaps the file; stored tensors can no longer be loaded, loaded ones are not affected. */
    @Override
    public void close() {
        if (file.arena().scope().isAlive()) {
            file.arena().close();
        }
    }
}
