package org.s2d.train.step;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Tape.Gradients;
import org.s2d.autograd.ops.CrossEntropy;
import org.s2d.data.Batch;
import org.s2d.data.ClipDataset;
import org.s2d.data.ClipLoader;
import org.s2d.data.LoaderEpoch;
import org.s2d.data.View;
import org.s2d.data.metrics.MergedScores;
import org.s2d.data.metrics.ViewScore;
import org.s2d.device.Device;
import org.s2d.tensor.UserException;

/** A model run over all views of a data set. */
public final class Inference {
    private final Device device;
    private final ForwardPass forward;

    /** Device and pass stay the caller's. */
    public Inference(Device device, ForwardPass forward) {
        this.device = device;
        this.forward = forward;
    }

    /** What came out: every view's scores, and the cross-entropy averaged over views. */
    public record Result(List<ViewScore> views, double loss) {
        /** The mean over the views of each clip. */
        public MergedScores merged() {
            return MergedScores.of(views);
        }
    }

    /** Is told what happens on the way, and given what the scores alone do not say. */
    public interface Watcher {
        Watcher NONE = (done, total) -> {};

        /** After each batch: views done of all. */
        void advanced(int done, int total);

        /** Whether {@link #feature} is to be called. */
        default boolean wantsFeatures() {
            return false;
        }

        /** The feature [D] that the head saw of a view. */
        default void feature(View view, double[] feature) {}
    }

    /** Runs over the loader's data set once. Empty when {@code stop} became true meanwhile. */
    public Optional<Result> run(ClipLoader loader, BooleanSupplier stop) {
        return run(loader, stop, Watcher.NONE);
    }

    public Optional<Result> run(ClipLoader loader, BooleanSupplier stop, Watcher watcher) {
        List<ViewScore> views = new ArrayList<>();
        double loss = 0;
        try (HostReader reader = new HostReader(device);
                LoaderEpoch epoch = loader.epoch(0, 0)) {
            for (Optional<Batch> next = epoch.next(); next.isPresent(); next = epoch.next()) {
                try (Batch batch = next.get()) {
                    loss += add(views, loader.dataset(), batch, reader, watcher);
                }
                watcher.advanced(views.size(), loader.dataset().size());
                if (stop.getAsBoolean()) {
                    return Optional.empty();
                }
            }
        }
        if (views.isEmpty()) {
            throw new UserException(loader.dataset().list().source() + ": none of its clips could be read.");
        }
        return Optional.of(new Result(views, loss / views.size()));
    }

    /** Adds the views of a batch; returns the sum of their losses. */
    private double add(List<ViewScore> views, ClipDataset dataset, Batch batch, HostReader reader, Watcher watcher) {
        long[] labels = new long[batch.size()];
        for (int i = 0; i < labels.length; i++) {
            labels[i] = batch.labels().getLong(i);
        }
        ForwardPass.Output output =
                forward.run(PlannedClips.of(batch, dataset.spec().size()), false);
        double[] scores = reader.values(output.logits());
        int classes = output.logits().dim(1);
        int[] items = batch.items();
        for (int i = 0; i < items.length; i++) {
            View view = dataset.view(items[i]);
            double[] own = Arrays.copyOfRange(scores, i * classes, (i + 1) * classes);
            String id = dataset.sample(items[i]).id();
            views.add(new ViewScore(id, own, (int) labels[i], view.chunk(), view.split(), view.copies()));
        }
        if (watcher.wantsFeatures()) {
            double[] features = reader.values(output.feature());
            int width = output.feature().dim(1);
            for (int i = 0; i < items.length; i++) {
                double[] own = Arrays.copyOfRange(features, i * width, (i + 1) * width);
                watcher.feature(dataset.view(items[i]), own);
            }
        }
        try (Tape tape = Tape.evaluating(device, Precision.FP32, Gradients.NONE)) {
            double sum = 0;
            for (double value : reader.values(CrossEntropy.ofLabels(tape, tape.constant(output.logits()), labels, 0)
                    .value())) {
                sum += value;
            }
            return sum;
        }
    }
}
