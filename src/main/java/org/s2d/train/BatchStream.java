package org.s2d.train;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.s2d.data.Batch;
import org.s2d.data.ClipLoader;
import org.s2d.data.LoaderEpoch;
import org.s2d.tensor.Tensor;

/**
 * The batches of one task's steps, through the loader's epochs again and again. An epoch of the run takes as many of its steps as
 * {@code repeat} passes over the data have; which batches a step gets is a function of epoch and step alone.
 */
final class BatchStream implements AutoCloseable {
    private final ClipLoader loader;
    private final int batchesPerStep;
    private final int stepsPerPass;
    private final double repeat;
    private @Nullable LoaderEpoch current;
    private long next;

    BatchStream(ClipLoader loader, int batchesPerStep, double repeat) {
        this.loader = loader;
        this.batchesPerStep = batchesPerStep;
        this.repeat = repeat;
        stepsPerPass = loader.batchesPerEpoch() / batchesPerStep;
    }

    /** Steps of this task in an epoch of the run; a rest of batches too small for one is left out. */
    int stepsPerEpoch() {
        return stepsPerPass == 0 ? 0 : Math.max(1, (int) (stepsPerPass * repeat));
    }

    /** The batches of one step, to be closed by the caller. */
    List<Batch> take(int epoch, int step) {
        long number = (long) epoch * stepsPerEpoch() + step;
        int first = (int) (number % stepsPerPass) * batchesPerStep;
        LoaderEpoch batches = current;
        if (batches == null || number != next || first == 0) {
            batches = loader.epoch((int) (number / stepsPerPass), first);
            current = batches;
        }
        next = number + 1;
        List<Batch> taken = new ArrayList<>();
        for (int i = 0; i < batchesPerStep; i++) {
            taken.add(batches.next().orElseThrow(() -> new IllegalStateException("epoch ended early")));
        }
        return taken;
    }

    /** Frames of the batches after those taken last, as far as they are complete. */
    List<Tensor> ready() {
        return current == null ? List.of() : current.ready(batchesPerStep);
    }

    /** Stops loading ahead; the next step starts it again. */
    @Override
    public void close() {
        if (current != null) {
            current.close();
            current = null;
        }
    }
}
