package org.s2d.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * A strided view of a {@link Storage}. Strides and offset count elements. Views share memory; none copies. Reading and
 * writing single elements ({@link #getDouble}) is for host tensors, tests and input/output; computing is the device's
 * work.
 */
public final class Tensor {
    private final Storage storage;
    private final DType dtype;
    private final Shape shape;
    private final long[] strides;
    private final long offset;

    private Tensor(Storage storage, DType dtype, Shape shape, long[] strides, long offset) {
        this.storage = storage;
        this.dtype = dtype;
        this.shape = shape;
        this.strides = strides;
        this.offset = offset;
    }

    /** A row-major tensor over the start of a storage. */
    public static Tensor contiguous(Storage storage, DType dtype, Shape shape) {
        return strided(storage, dtype, shape, shape.contiguousStrides(), 0);
    }

    /** A view with given strides; every reachable element is checked to lie inside the storage. */
    public static Tensor strided(Storage storage, DType dtype, Shape shape, long[] strides, long offset) {
        if (strides.length != shape.rank()) {
            throw new ShapeException("view: " + strides.length + " strides for shape " + shape);
        }
        long last = offset;
        for (int i = 0; i < strides.length; i++) {
            if (strides[i] < 0) {
                throw new ShapeException("view: negative stride " + strides[i]);
            }
            last = Math.addExact(last, Math.multiplyExact(strides[i], (long) Math.max(0, shape.dim(i) - 1)));
        }
        boolean inside = offset >= 0 && Math.multiplyExact(last + 1, (long) dtype.bytes()) <= storage.bytes();
        if (shape.numel() > 0 && !inside) {
            throw new ShapeException("view: shape " + shape + " with strides " + Arrays.toString(strides)
                    + " and offset " + offset + " leaves its storage of " + storage.bytes() + " bytes");
        }
        return new Tensor(storage, dtype, shape, strides.clone(), offset);
    }

    public Storage storage() {
        return storage;
    }

    public DType dtype() {
        return dtype;
    }

    public Shape shape() {
        return shape;
    }

    public int rank() {
        return shape.rank();
    }

    public int dim(int index) {
        return shape.dim(index);
    }

    public long numel() {
        return shape.numel();
    }

    /** Element stride of a dimension; negative indices count from the last. */
    public long stride(int index) {
        return strides[shape.normalise(index)];
    }

    /** Elements between the start of the storage and the first element. */
    public long offset() {
        return offset;
    }

    /** True when the elements lie row-major without gaps (strides of size-one dimensions do not matter). */
    public boolean isContiguous() {
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

    /** The bytes of a contiguous tensor. */
    public MemorySegment data() {
        if (!isContiguous()) {
            throw new ShapeException("tensor of shape " + shape + " is not contiguous");
        }
        long bytes = dtype.bytes();
        return storage.segment().asSlice(numel() == 0 ? 0 : offset * bytes, numel() * bytes);
    }

    /** The storage from the first element to its end, for strided access with {@link #stride}. */
    public MemorySegment base() {
        return storage.segment().asSlice(Math.min(offset * dtype.bytes(), storage.bytes()));
    }

    /** Where the first element lies, in the address space of the tensor's device. */
    public long address() {
        return storage.address() + offset * dtype.bytes();
    }

    // Views

    /** The same elements in another shape; one dimension may be -1. The tensor must be contiguous. */
    public Tensor reshape(int... dims) {
        int[] sizes = dims.clone();
        long known = 1;
        int open = -1;
        for (int i = 0; i < sizes.length; i++) {
            if (sizes[i] == -1 && open < 0) {
                open = i;
            } else {
                known *= sizes[i];
            }
        }
        if (open >= 0 && known > 0 && numel() % known == 0) {
            sizes[open] = Math.toIntExact(numel() / known);
        }
        Shape target =
                Shape.of(Arrays.stream(sizes).map(size -> Math.max(0, size)).toArray());
        if (target.numel() != numel() || (open >= 0 && known == 0)) {
            throw new ShapeException(
                    "reshape: " + shape + " has " + numel() + " elements and does not fit " + Arrays.toString(dims));
        }
        return reshape(target);
    }

    /** The same elements in another shape. The tensor must be contiguous. */
    public Tensor reshape(Shape target) {
        if (target.numel() != numel()) {
            throw new ShapeException("reshape: " + shape + " does not fit " + target);
        }
        if (!isContiguous()) {
            throw new ShapeException("reshape: tensor of shape " + shape + " is not contiguous");
        }
        return new Tensor(storage, dtype, target, target.contiguousStrides(), offset);
    }

    /** Splits one dimension into several whose product is its size; works on any strides. */
    public Tensor unflatten(int index, int... sizes) {
        int position = shape.normalise(index);
        if (Shape.of(sizes).numel() != shape.dim(position)) {
            throw new ShapeException("unflatten: dimension " + index + " of " + shape + " is not the product of "
                    + Arrays.toString(sizes));
        }
        int[] dims = new int[rank() + sizes.length - 1];
        long[] steps = new long[dims.length];
        for (int i = 0; i < position; i++) {
            dims[i] = shape.dim(i);
            steps[i] = strides[i];
        }
        long step = strides[position];
        for (int i = sizes.length - 1; i >= 0; i--) {
            dims[position + i] = sizes[i];
            steps[position + i] = step;
            step *= sizes[i];
        }
        for (int i = position + 1; i < rank(); i++) {
            dims[i + sizes.length - 1] = shape.dim(i);
            steps[i + sizes.length - 1] = strides[i];
        }
        return new Tensor(storage, dtype, Shape.of(dims), steps, offset);
    }

    /** Dimensions in another order. */
    public Tensor permute(int... order) {
        int[] dims = new int[rank()];
        long[] steps = new long[rank()];
        boolean[] seen = new boolean[rank()];
        if (order.length != rank()) {
            throw new ShapeException("permute: " + Arrays.toString(order) + " does not fit " + shape);
        }
        for (int i = 0; i < order.length; i++) {
            int from = shape.normalise(order[i]);
            if (seen[from]) {
                throw new ShapeException("permute: dimension " + from + " twice in " + Arrays.toString(order));
            }
            seen[from] = true;
            dims[i] = shape.dim(from);
            steps[i] = strides[from];
        }
        return new Tensor(storage, dtype, Shape.of(dims), steps, offset);
    }

    public Tensor transpose(int first, int second) {
        int[] order = new int[rank()];
        Arrays.setAll(order, i -> i);
        order[shape.normalise(first)] = shape.normalise(second);
        order[shape.normalise(second)] = shape.normalise(first);
        return permute(order);
    }

    /** Elements {@code start} to {@code start + length - 1} of one dimension. */
    public Tensor narrow(int index, int start, int length) {
        int position = shape.normalise(index);
        if (start < 0 || length < 0 || start > shape.dim(position) - length) {
            throw new ShapeException(
                    "narrow: " + start + " + " + length + " leaves dimension " + index + " of " + shape);
        }
        return new Tensor(storage, dtype, shape.with(position, length), strides, offset + start * strides[position]);
    }

    /** One index of a dimension, which disappears. */
    public Tensor select(int index, int at) {
        int position = shape.normalise(index);
        Tensor row = narrow(position, at, 1);
        int[] dims = new int[rank() - 1];
        long[] steps = new long[rank() - 1];
        for (int i = 0, j = 0; i < rank(); i++) {
            if (i != position) {
                dims[j] = shape.dim(i);
                steps[j++] = strides[i];
            }
        }
        return new Tensor(storage, dtype, Shape.of(dims), steps, row.offset);
    }

    /** A view of a larger shape in which size-one and missing leading dimensions repeat (stride 0). */
    public Tensor expand(Shape target) {
        if (!shape.broadcast(target).equals(target)) {
            throw new ShapeException("expand: " + shape + " does not broadcast to " + target);
        }
        long[] steps = new long[target.rank()];
        int lead = target.rank() - rank();
        for (int i = 0; i < rank(); i++) {
            steps[lead + i] = shape.dim(i) == 1 ? 0 : strides[i];
        }
        return new Tensor(storage, dtype, target, steps, offset);
    }

    // Host access

    private long elementOffset(long linear) {
        long position = offset;
        long rest = linear;
        for (int i = strides.length - 1; i >= 0; i--) {
            int size = shape.dim(i);
            position += (rest % size) * strides[i];
            rest /= size;
        }
        return position;
    }

    /** Element by row-major position, widened to double (integers too). */
    public double getDouble(long linear) {
        MemorySegment memory = storage.segment();
        long at = elementOffset(linear) * dtype.bytes();
        return switch (dtype) {
            case F64 -> memory.get(ValueLayout.JAVA_DOUBLE, at);
            case F32 -> memory.get(ValueLayout.JAVA_FLOAT, at);
            case BF16 -> DType.fromBf16(memory.get(ValueLayout.JAVA_SHORT, at));
            case F16 -> Float.float16ToFloat(memory.get(ValueLayout.JAVA_SHORT, at));
            case I64 -> memory.get(ValueLayout.JAVA_LONG, at);
            case U8 -> memory.get(ValueLayout.JAVA_BYTE, at) & 0xff;
        };
    }

    /** Sets an element by row-major position, rounding to the element type. */
    public void setDouble(long linear, double value) {
        MemorySegment memory = storage.segment();
        long at = elementOffset(linear) * dtype.bytes();
        switch (dtype) {
            case F64 -> memory.set(ValueLayout.JAVA_DOUBLE, at, value);
            case F32 -> memory.set(ValueLayout.JAVA_FLOAT, at, (float) value);
            case BF16 -> memory.set(ValueLayout.JAVA_SHORT, at, DType.toBf16((float) value));
            case F16 -> memory.set(ValueLayout.JAVA_SHORT, at, Float.floatToFloat16((float) value));
            case I64 -> memory.set(ValueLayout.JAVA_LONG, at, (long) value);
            case U8 -> memory.set(ValueLayout.JAVA_BYTE, at, (byte) value);
        }
    }

    public long getLong(long linear) {
        requireType(DType.I64);
        return storage.segment().get(ValueLayout.JAVA_LONG, elementOffset(linear) * Long.BYTES);
    }

    public void setLong(long linear, long value) {
        requireType(DType.I64);
        storage.segment().set(ValueLayout.JAVA_LONG, elementOffset(linear) * Long.BYTES, value);
    }

    public double[] toDoubles() {
        double[] values = new double[Math.toIntExact(numel())];
        for (int i = 0; i < values.length; i++) {
            values[i] = getDouble(i);
        }
        return values;
    }

    public float[] toFloats() {
        float[] values = new float[Math.toIntExact(numel())];
        if (dtype == DType.F32 && isContiguous()) {
            MemorySegment.copy(data(), ValueLayout.JAVA_FLOAT, 0, values, 0, values.length);
        } else {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) getDouble(i);
            }
        }
        return values;
    }

    /** Fills a tensor with values in row-major order. Returns this. */
    public Tensor set(float... values) {
        requireCount(values.length);
        if (dtype == DType.F32 && isContiguous()) {
            MemorySegment.copy(values, 0, data(), ValueLayout.JAVA_FLOAT, 0, values.length);
        } else {
            for (int i = 0; i < values.length; i++) {
                setDouble(i, values[i]);
            }
        }
        return this;
    }

    /** Fills an I64 tensor with values in row-major order. Returns this. */
    public Tensor set(long... values) {
        requireType(DType.I64);
        requireCount(values.length);
        for (int i = 0; i < values.length; i++) {
            storage.segment().set(ValueLayout.JAVA_LONG, elementOffset(i) * Long.BYTES, values[i]);
        }
        return this;
    }

    private void requireCount(int count) {
        if (count != numel()) {
            throw new ShapeException("set: " + count + " values for shape " + shape);
        }
    }

    private void requireType(DType expected) {
        if (dtype != expected) {
            throw new ShapeException("element type is " + dtype + ", expected " + expected);
        }
    }

    @Override
    public String toString() {
        return dtype + shape.toString();
    }
}
