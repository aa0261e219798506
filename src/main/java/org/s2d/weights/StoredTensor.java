package org.s2d.weights;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * A tensor inside a checkpoint file: where its elements lie, not the elements. Valid while its {@link Checkpoint} is
 * open. Strides and offset count elements; every reachable element lies inside the storage (checked here).
 */
public final class StoredTensor {
    private final String name;
    private final StoredType type;
    private final Shape shape;
    private final long[] strides;
    private final long offset;
    private final ByteOrder order;
    private final StoredBytes storage;

    StoredTensor(
            String name,
            StoredType type,
            Shape shape,
            long[] strides,
            long offset,
            ByteOrder order,
            StoredBytes storage) {
        this.name = name;
        this.type = type;
        this.shape = shape;
        this.strides = strides;
        this.offset = offset;
        this.order = order;
        this.storage = storage;
        if (!fits(shape, strides, offset, type, storage.size())) {
            throw new IllegalArgumentException("tensor '" + name + "' of shape " + shape + " leaves its storage");
        }
    }

    /** A row-major little-endian tensor that fills its bytes. */
    static StoredTensor contiguous(String name, StoredType type, Shape shape, StoredBytes bytes) {
        return new StoredTensor(name, type, shape, shape.contiguousStrides(), 0, ByteOrder.LITTLE_ENDIAN, bytes);
    }

    /** A tensor in memory, in the form that the writers take. */
    static StoredTensor of(String name, Tensor tensor) {
        long[] strides = new long[tensor.rank()];
        Arrays.setAll(strides, tensor::stride);
        StoredBytes bytes = StoredBytes.of(tensor.storage().segment());
        StoredType type = StoredType.of(tensor.dtype());
        return new StoredTensor(name, type, tensor.shape(), strides, tensor.offset(), ByteOrder.nativeOrder(), bytes);
    }

    /** True when every element of such a view lies inside a storage of that many bytes. */
    static boolean fits(Shape shape, long[] strides, long offset, StoredType type, long storageBytes) {
        if (strides.length != shape.rank() || offset < 0) {
            return false;
        }
        if (shape.numel() == 0) {
            return true;
        }
        try {
            long last = offset;
            for (int i = 0; i < strides.length; i++) {
                if (strides[i] < 0) {
                    return false;
                }
                last = Math.addExact(last, Math.multiplyExact(strides[i], shape.dim(i) - 1L));
            }
            return Math.multiplyExact(Math.addExact(last, 1L), (long) type.bytes()) <= storageBytes;
        } catch (ArithmeticException e) {
            return false;
        }
    }

    /** The same elements by another name. */
    public StoredTensor withName(String newName) {
        return new StoredTensor(newName, type, shape, strides, offset, order, storage);
    }

    /** Where the elements lie: equal for two names of one view. */
    record Place(StoredBytes storage, StoredType type, Shape shape, List<Long> strides, long offset) {}

    Place place() {
        return new Place(storage, type, shape, Arrays.stream(strides).boxed().toList(), offset);
    }

    public String name() {
        return name;
    }

    public StoredType type() {
        return type;
    }

    /** The element type's name as in safetensors, such as "F16", "U8" or "BOOL". */
    public String storedDtype() {
        return type.name();
    }

    public Shape shape() {
        return shape;
    }

    public long numel() {
        return shape.numel();
    }

    /** Size of the elements when written row-major. */
    public long bytes() {
        return Math.multiplyExact(shape.numel(), (long) type.bytes());
    }

    long stride(int dim) {
        return strides[dim];
    }

    long offset() {
        return offset;
    }

    ByteOrder order() {
        return order;
    }

    StoredBytes storage() {
        return storage;
    }

    /** True when the elements lie row-major without gaps. */
    boolean isContiguous() {
        long step = 1;
        for (int i = strides.length - 1; i >= 0; i--) {
            int size = shape.dim(i);
            if (size != 1 && strides[i] != step) {
                return numel() == 0;
            }
            step *= size;
        }
        return true;
    }

    /** The elements row-major and little-endian: the file's own bytes where they lie so, else a copy in the arena. */
    MemorySegment littleEndianBytes(Arena arena) {
        if (numel() == 0) {
            return MemorySegment.NULL;
        }
        if (isContiguous() && (order == ByteOrder.LITTLE_ENDIAN || type.bytes() == 1)) {
            return storage.get().asSlice(offset * type.bytes(), bytes());
        }
        MemorySegment copy = arena.allocate(bytes(), 64);
        new ElementCopy(this, copy).keepType();
        return copy;
    }

    @Override
    public String toString() {
        return (name.isEmpty() ? "" : name + ": ") + type + shape;
    }
}
