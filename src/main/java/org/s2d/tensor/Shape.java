package org.s2d.tensor;

import java.util.Arrays;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Sizes of a tensor's dimensions, outermost first. Immutable; a scalar has rank 0. */
public final class Shape {
    private final int[] dims;

    private Shape(int[] dims) {
        this.dims = dims;
    }

    public static Shape of(int... dims) {
        for (int dim : dims) {
            if (dim < 0) {
                throw new ShapeException("shape: negative dimension in " + Arrays.toString(dims));
            }
        }
        Shape shape = new Shape(dims.clone());
        shape.numel(); // refuses sizes beyond 64 bits
        return shape;
    }

    public int rank() {
        return dims.length;
    }

    /** Size of one dimension; negative indices count from the last. */
    public int dim(int index) {
        return dims[normalise(index)];
    }

    public int[] toArray() {
        return dims.clone();
    }

    /** Number of elements. */
    public long numel() {
        long count = 1;
        for (int dim : dims) {
            count = Math.multiplyExact(count, (long) dim);
        }
        return count;
    }

    /** Turns a possibly negative dimension index into a position; throws when out of range. */
    public int normalise(int index) {
        int position = index < 0 ? index + dims.length : index;
        if (position < 0 || position >= dims.length) {
            throw new ShapeException("dimension " + index + " is out of range for shape " + this);
        }
        return position;
    }

    /** The same shape with one dimension replaced. */
    public Shape with(int index, int size) {
        int[] copy = dims.clone();
        copy[normalise(index)] = size;
        return of(copy);
    }

    /** The same shape without one dimension. */
    public Shape without(int index) {
        int gone = normalise(index);
        return of(IntStream.range(0, dims.length)
                .filter(i -> i != gone)
                .map(i -> dims[i])
                .toArray());
    }

    /** Element strides of a row-major tensor of this shape. */
    public long[] contiguousStrides() {
        long[] strides = new long[dims.length];
        long step = 1;
        for (int i = dims.length - 1; i >= 0; i--) {
            strides[i] = step;
            step *= Math.max(1, dims[i]);
        }
        return strides;
    }

    /** The shape both operands broadcast to, by NumPy's rule. */
    public Shape broadcast(Shape other) {
        int rank = Math.max(rank(), other.rank());
        int[] result = new int[rank];
        for (int i = 1; i <= rank; i++) {
            int a = i <= rank() ? dims[rank() - i] : 1;
            int b = i <= other.rank() ? other.dims[other.rank() - i] : 1;
            if (a != b && a != 1 && b != 1) {
                throw new ShapeException("broadcast: shapes do not fit: " + this + " and " + other);
            }
            result[rank - i] = a == 1 ? b : a;
        }
        return of(result);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    @Override
    public String toString() {
        return Arrays.stream(dims).mapToObj(Integer::toString).collect(Collectors.joining(", ", "(", ")"));
    }
}
