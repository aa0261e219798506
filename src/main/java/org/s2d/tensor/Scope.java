package org.s2d.tensor;

import java.util.ArrayList;
import java.util.List;

/**
 * A lifetime: every tensor allocated in a scope is given back when the scope closes, unless somebody else (the tape, an
 * outer scope) also holds it. Not thread-safe; a scope belongs to the thread that drives the device.
 */
public final class Scope implements AutoCloseable {
    private final Allocator allocator;
    private final String owner;
    private final List<Storage> owned = new ArrayList<>();
    private boolean closed;

    public Scope(Allocator allocator) {
        this(allocator, "other tensors");
    }

    /** A scope whose tensors go by a name in messages for people: "activations". */
    public Scope(Allocator allocator, String owner) {
        this.allocator = allocator;
        this.owner = owner;
    }

    public Allocator allocator() {
        return allocator;
    }

    /** A contiguous tensor with undefined content. */
    public Tensor allocate(DType dtype, Shape shape) {
        requireOpen();
        Storage storage = allocator.allocate(Math.multiplyExact(shape.numel(), (long) dtype.bytes()), owner);
        owned.add(storage);
        return Tensor.contiguous(storage, dtype, shape);
    }

    /** Keeps a tensor of an inner scope alive as long as this one. Returns the same tensor. */
    public Tensor keep(Tensor tensor) {
        requireOpen();
        owned.add(tensor.storage().retain());
        return tensor;
    }

    /** Gives one tensor of this scope back early; it must not be used afterwards. */
    public void release(Tensor tensor) {
        int last = owned.lastIndexOf(tensor.storage());
        if (last < 0) {
            throw new IllegalStateException("tensor does not belong to this scope");
        }
        owned.remove(last);
        tensor.storage().release();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("scope is closed");
        }
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            owned.forEach(Storage::release);
            owned.clear();
        }
    }
}
