package org.s2d.weights;

import java.util.AbstractList;
import java.util.List;

/** A Python tuple in a checkpoint's tree: an unmodifiable list that remembers what it was. */
public final class PyTuple extends AbstractList<Object> {
    private final List<Object> items;

    public PyTuple(List<?> items) {
        this.items = List.copyOf(items);
    }

    public static PyTuple of(Object... items) {
        return new PyTuple(List.of(items));
    }

    @Override
    public Object get(int index) {
        return items.get(index);
    }

    @Override
    public int size() {
        return items.size();
    }
}
