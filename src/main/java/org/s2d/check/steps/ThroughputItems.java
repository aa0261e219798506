package org.s2d.check.steps;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.check.Item;
import org.s2d.check.Size;
import org.s2d.check.Stopwatch;
import org.s2d.device.Device;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.device.cuda.DevicePool;
import org.s2d.model.s2d.S2dFlops;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.train.step.PlannedClips;
import org.s2d.train.step.TrainingStep;

/**
 * Training steps and inference over a batch that lies on the device, with logits and losses to compare with
 * tools/pytorch_peer.py, and peak memory. Each item opens its device itself, so that its peak is its own.
 */
public final class ThroughputItems {
    private static final int LOSSES = 3;

    private final Supplier<Device> devices;
    private final Size size;

    /** @param devices opens one, which is closed after the item */
    public ThroughputItems(Supplier<Device> devices, Size size) {
        this.devices = devices;
        this.size = size;
    }

    @FunctionalInterface
    private interface Measurement {
        void run(Sample sample, ObjectNode record);
    }

    public List<Item> items() {
        List<Item> items = new ArrayList<>();
        for (Precision precision : List.of(Precision.BF16, Precision.FP32)) { // what tools/pytorch_peer.py has
            String name = precision.name().toLowerCase(Locale.ROOT);
            items.add(item("training step, " + name, precision, this::training));
            items.add(item("inference, " + name, precision, this::inference));
        }
        items.add(item("training step with upload and metrics, bf16", Precision.BF16, this::product));
        return items;
    }

    private Item item(String name, Precision precision, Measurement measurement) {
        return new Item(name, record -> {
            try (Device device = devices.get();
                    Sample sample = new Sample(device, precision, size)) {
                measurement.run(sample, record);
                memory(device, record);
            }
        });
    }

    private void training(Sample sample, ObjectNode record) {
        ArrayNode losses = record.putArray("losses");
        for (int i = 0; i < LOSSES; i++) {
            losses.add(sample.currentLoss());
            sample.step();
        }
        time(sample, sample::step, S2dFlops.needed(sample.model.config()).fineTuningStep(), record);
    }

    private void inference(Sample sample, ObjectNode record) {
        try (Tape tape = sample.inferring()) {
            ArrayNode logits = record.putArray("logits");
            for (double logit : sample.read(sample.logits(tape))) {
                logits.add(logit);
            }
        }
        Runnable forward = () -> {
            try (Tape tape = sample.inferring()) {
                sample.logits(tape);
            }
        };
        time(sample, forward, S2dFlops.needed(sample.model.config()).forward(), record);
    }

    /** What {@code ./s2d train} runs per batch, from frames in host memory to loss and accuracy in Java; without landmark network. */
    private void product(Sample sample, ObjectNode record) {
        try (HostPool pool = new HostPool();
                Scope host = new Scope(pool);
                TrainingStep step = new TrainingStep(
                        sample.device,
                        Precision.BF16,
                        sample.model,
                        sample.optimizer,
                        null,
                        Sample.SMOOTHING,
                        0,
                        true)) {
            Shape clips = sample.x.shape();
            Tensor frames =
                    host.allocate(DType.U8, Shape.of(clips.dim(0), clips.dim(2), clips.dim(3), clips.dim(4), 3));
            frames.data().fill((byte) 100);
            List<TrainingStep.Input> batch = List.of(new TrainingStep.Input(
                    PlannedClips.whole(frames), sample.labels, (tape, _) -> tape.constant(sample.a)));
            TrainingStep.Rates rates = new TrainingStep.Rates(Sample.LEARNING_RATE, Sample.WEIGHT_DECAY, 0, false, 1);
            double flops = S2dFlops.needed(sample.model.config()).fineTuningStep();
            time(sample, () -> step.run(batch, rates), flops, record);
            step.whyNotRecorded().ifPresent(why -> record.put("not_recorded", why));
        }
    }

    private void time(Sample sample, Runnable work, double flopsPerClip, ObjectNode record) {
        int warmUp = size == Size.BASE ? 3 : 1;
        int repeats = size == Size.BASE ? 30 : 2;
        List<Double> times = new ArrayList<>();
        try (Stopwatch watch = Stopwatch.of(sample.device)) {
            for (int i = 0; i < warmUp + repeats; i++) {
                double milliseconds = watch.milliseconds(work);
                if (i >= warmUp) {
                    times.add(milliseconds);
                }
            }
        }
        Collections.sort(times);
        double median = times.get(times.size() / 2);
        int clips = sample.labels.length;
        record.put("milliseconds", median)
                .put("repeats", repeats)
                .put("clips_per_second", clips * 1e3 / median)
                .put("tflops", clips * flopsPerClip / median / 1e9);
        record.putArray("spread").add(times.getFirst()).add(times.getLast());
    }

    private static void memory(Device device, ObjectNode record) {
        if (device instanceof CudaDevice cuda) {
            DevicePool pool = cuda.context().pool();
            record.put("peak_bytes", pool.peakBytes()).put("reserved_bytes", pool.reservedBytes());
        } else if (device.allocator() instanceof HostPool pool) {
            record.put("peak_bytes", pool.peakBytes()).put("reserved_bytes", pool.reservedBytes());
        }
    }
}
