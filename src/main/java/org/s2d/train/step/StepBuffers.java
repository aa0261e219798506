package org.s2d.train.step;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.s2d.device.Device;
import org.s2d.device.Seed;
import org.s2d.optim.LossScaler;
import org.s2d.tensor.DType;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/**
 * What goes into a step and comes out of it, in memory of the device that keeps its place from step to step: the work between can be
 * recorded once and repeated. Everything that the host draws or decides anew in each step comes through here, or through the
 * optimiser's rates.
 */
final class StepBuffers implements AutoCloseable {
    /** A batch's clips, and whether they are mixed. */
    record Form(ClipPlace.Form clips, boolean isMixed) {
        static Form of(TrainingStep.Input input) {
            return new Form(ClipPlace.Form.of(input.clips()), input.targets() != null);
        }

        int size() {
            return clips.clips().dim(0);
        }
    }

    /**
     * One batch on the device.
     *
     * @param targets [B, C], undefined unless it is mixed: labels say enough
     * @param labels [B], as numbers of the float type
     * @param watched what the host wants to know: loss, weighted self-distillation loss, logits [B * C]
     */
    record Batch(ClipPlace clips, boolean isMixed, Tensor targets, Tensor labels, Tensor watched) {
        int size() {
            return labels.dim(0);
        }

        Tensor loss() {
            return watched.narrow(0, 0, 1);
        }

        Tensor sdlLoss() {
            return watched.narrow(0, 1, 1);
        }

        Tensor logits() {
            return watched.narrow(0, SCALARS, watched.dim(0) - SCALARS).reshape(targets.shape());
        }
    }

    private static final int SCALARS = 2;

    /** Places in the report. */
    private static final int FACTOR = 0;

    private static final int NORM = 1;
    private static final int WATCHED = 2;

    private final Device device;
    private final List<Form> forms;
    private final long mostValues;
    private final Scope scope;
    private final Scope host;
    private final List<Batch> batches = new ArrayList<>();
    /** One for each batch of bytes, on a device that can copy while it computes. */
    private final List<PixelsAhead> ahead = new ArrayList<>();

    private final Tensor seed;
    private final Tensor hostSeed;
    private final Tensor watched;
    private final Tensor report;
    private final Tensor hostReport;

    /** For steps like this one. */
    StepBuffers(Device device, List<TrainingStep.Input> inputs, int classes) {
        this.device = device;
        forms = forms(inputs);
        // Rounded up, so that a run needs new buffers, and with them new recordings, only a few times.
        mostValues = Long.highestOneBit(2 * mostValues(inputs));
        scope = new Scope(device.allocator(), "clips");
        host = new Scope(device.hostAllocator());
        seed = scope.allocate(DType.I64, Shape.of(1));
        hostSeed = host.allocate(DType.I64, Shape.of(1));
        int count =
                forms.stream().mapToInt(form -> SCALARS + form.size() * classes).sum();
        watched = scope.allocate(device.floatType(), Shape.of(count));
        report = scope.allocate(DType.F64, Shape.of(WATCHED + count));
        hostReport = host.allocate(DType.F64, report.shape());
        int first = 0;
        for (Form form : forms) {
            Shape targets = Shape.of(form.size(), classes);
            int length = SCALARS + (int) targets.numel();
            batches.add(allocate(form, targets, watched.narrow(0, first, length)));
            first += length;
            if (device.uploadsAhead()
                    && forms.stream().allMatch(any -> any.clips().bytes())) {
                ahead.add(new PixelsAhead(device, scope, form.clips().pixels()));
            }
        }
    }

    private Batch allocate(Form form, Shape targets, Tensor seen) {
        return new Batch(
                new ClipPlace(device, scope, host, form.clips(), mostValues),
                form.isMixed(),
                scope.allocate(device.floatType(), targets),
                scope.allocate(device.floatType(), Shape.of(targets.dim(0))),
                seen);
    }

    private static List<Form> forms(List<TrainingStep.Input> inputs) {
        return inputs.stream().map(Form::of).toList();
    }

    private static long mostValues(List<TrainingStep.Input> inputs) {
        return inputs.stream()
                .mapToLong(input -> input.clips().valueCount())
                .max()
                .orElse(0);
    }

    boolean fit(List<TrainingStep.Input> inputs) {
        return forms.equals(forms(inputs)) && mostValues(inputs) <= mostValues;
    }

    /** Puts a step's data in place. Clips are read before this returns. */
    void fill(List<TrainingStep.Input> inputs, long stepSeed) {
        hostSeed.setLong(0, Seed.spread(stepSeed));
        device.upload(seed, hostSeed);
        for (int i = 0; i < inputs.size(); i++) {
            TrainingStep.Input input = inputs.get(i);
            Batch batch = batches.get(i);
            Tensor arrived =
                    ahead.isEmpty() ? null : ahead.get(i).arrived(input.clips().pixels());
            batch.clips().fill(input.clips(), arrived);
            if (input.targets() != null) {
                device.upload(batch.targets(), input.targets());
            }
            float[] labels = new float[input.labels().length];
            for (int b = 0; b < labels.length; b++) {
                labels[b] = Objects.checkIndex(
                        Math.toIntExact(input.labels()[b]), batch.targets().dim(1));
            }
            device.upload(batch.labels(), labels);
        }
    }

    /** Begins to copy the pixels of the next step's batches, as far as they are known, after this step's work was enqueued. */
    void copyAhead(List<Tensor> next) {
        for (int i = 0; i < Math.min(ahead.size(), next.size()); i++) {
            ahead.get(i).start(next.get(i));
        }
    }

    List<Batch> batches() {
        return batches;
    }

    /** The seed of the step's forward pass number {@code pass}; {@code distance} lies between two of them. */
    Seed seed(int pass, long distance) {
        return new Seed(seed, Seed.spread(pass * distance));
    }

    /** All batches' {@link Batch#watched}. */
    Tensor watched() {
        return watched;
    }

    /** See {@link org.s2d.device.PreparedAdamW#judge}. */
    Tensor report() {
        return report;
    }

    /** The factor on the gradients, in the report. */
    Tensor factor() {
        return report.narrow(0, FACTOR, 1);
    }

    /** What the report says, once the device has got there. */
    record Found(TrainingStep.Result result, boolean applied) {}

    /** Waits for the step, which had the scaler's present scale. */
    Found read(List<TrainingStep.Input> inputs, LossScaler scaler) {
        device.download(hostReport, report);
        double[] values = hostReport.toDoubles();
        double share = 1.0 / inputs.size();
        double loss = 0;
        double sdlLoss = 0;
        int correct = 0;
        int samples = 0;
        int at = WATCHED;
        for (int i = 0; i < inputs.size(); i++) {
            long[] labels = inputs.get(i).labels();
            loss += share * values[at];
            sdlLoss += share * values[at + 1];
            correct += correct(
                    values, at + SCALARS, labels, batches.get(i).targets().dim(1));
            samples += labels.length;
            at += (int) batches.get(i).watched().numel();
        }
        boolean skipped = scaler.isDynamic() && !Double.isFinite(values[NORM]);
        return new Found(
                new TrainingStep.Result(loss, sdlLoss, values[NORM], scaler.scale(), skipped, correct, samples),
                Double.isFinite(values[FACTOR]));
    }

    private static int correct(double[] values, int first, long[] labels, int classes) {
        int correct = 0;
        for (int b = 0; b < labels.length; b++) {
            int best = 0;
            for (int c = 1; c < classes; c++) {
                if (values[first + b * classes + c] > values[first + b * classes + best]) {
                    best = c;
                }
            }
            correct += best == labels[b] ? 1 : 0;
        }
        return correct;
    }

    @Override
    public void close() {
        host.close();
        scope.close();
    }
}
