package org.s2d.train;

import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.s2d.data.Batch;
import org.s2d.data.ClipList;
import org.s2d.data.ClipLoader;
import org.s2d.tensor.Tensor;
import org.s2d.train.step.TrainingStep;

/**
 * One of the things that a run learns: clips, or photographs.
 *
 * @param name in messages: clips or photos
 * @param validation loads one view of everything in the validation list; null for none
 */
record Task(
        String name,
        ClipList trainList,
        @Nullable ClipList validationList,
        BatchStream batches,
        @Nullable ClipLoader validation,
        Step step) {
    /** One optimiser step on batches of this task; {@code next}: pixels of its next step, as in {@link TrainingStep#run}. */
    @FunctionalInterface
    interface Step {
        TrainingStep.Result run(List<Batch> batches, TrainingStep.Rates rates, Supplier<List<Tensor>> next);
    }

    List<String> labels() {
        return trainList.labels();
    }
}
