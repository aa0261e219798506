package org.s2d.data;

import java.util.List;
import org.s2d.data.augment.TrainDecisions;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Tensor;

/** One batch; closing it gives its memory back. For the thread that took it from the loader. */
public final class Batch implements AutoCloseable {
    private final Scope scope;
    private final int index;
    private final Tensor frames;
    private final List<TrainDecisions> decisions;
    private final Tensor labels;
    private final int[] items;

    Batch(Scope scope, int index, Tensor frames, List<TrainDecisions> decisions, Tensor labels, int[] items) {
        this.scope = scope;
        this.index = index;
        this.frames = frames;
        this.decisions = decisions;
        this.labels = labels;
        this.items = items;
    }

    /** Place in the epoch; training resumes with the next one. */
    public int index() {
        return index;
    }

    /** U8 [B, T, H, W, 3]. */
    public Tensor frames() {
        return frames;
    }

    /** What is still to be done with the frames of each row: their operations are done. */
    public List<TrainDecisions> decisions() {
        return decisions;
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
