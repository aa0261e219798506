package org.s2d.data;

import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** One batch; closing it gives its memory back. For the thread that took it from the loader. */
public final class Batch implements AutoCloseable {
    private final Scope scope;
    private final int index;
    private final Tensor clips;
    private final Tensor labels;
    private final int[] items;

    Batch(Scope scope, int index, Tensor clips, Tensor labels, int[] items) {
        this.scope = scope;
        this.index = index;
        this.clips = clips;
        this.labels = labels;
        this.items = items;
    }

    /** Place in the epoch; training resumes with the next one. */
    public int index() {
        return index;
    }

    /** F32 [B, 3, T, H, W], normalised. */
    public Tensor clips() {
        return clips;
    }

    /** I64 [B]. */
    public Tensor labels() {
        return labels;
    }

    /** Item indices in the data set, one per row. */
    public int[] items() {
        return items.clone();
    }

    public int size() {
        return items.length;
    }

    @Override
    public void close() {
        scope.close();
    }
}
