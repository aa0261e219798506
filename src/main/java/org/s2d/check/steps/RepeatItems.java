package org.s2d.check.steps;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.s2d.autograd.Precision;
import org.s2d.check.Item;
import org.s2d.check.Size;
import org.s2d.check.conformance.Conformance;
import org.s2d.device.Device;
import org.s2d.loss.Sdl;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.optim.AdamW;
import org.s2d.optim.ParameterGroups;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;
import org.s2d.train.step.FreezeRule;
import org.s2d.train.step.PlannedClips;
import org.s2d.train.step.TrainingStep;

/**
 * The same training run twice, with dropout, stochastic depth, clipping and self-distillation: every loss and every weight must be
 * the same, bit by bit. Where two runs differ, something depends on the order in which a device happens to work; or, since only
 * the second run records its steps where the device can, a graph does not repeat what was recorded.
 */
public final class RepeatItems {
    private static final int CLASSES = 7;
    private static final int ANCHORS = 4;
    private static final double RATE = 1e-3;

    private final Device device;
    private final Size size;

    public RepeatItems(Device device, Size size) {
        this.device = device;
        this.size = size;
    }

    public List<Item> items() {
        List<Item> items = new ArrayList<>();
        for (Precision precision : Conformance.precisions(device)) {
            for (S2dConfig.TemporalAdapter adapter : S2dConfig.TemporalAdapter.values()) {
                String name = (precision + ", temporal adapter " + adapter).toLowerCase(Locale.ROOT);
                items.add(new Item("training, " + name, record -> compare(precision, config(adapter), record)));
            }
        }
        return items;
    }

    private S2dConfig config(S2dConfig.TemporalAdapter adapter) {
        return Sample.config(size).toBuilder()
                .temporalAdapter(adapter)
                .headDropout(0.5)
                .dropPath(0.1)
                .build();
    }

    private void compare(Precision precision, S2dConfig config, ObjectNode record) {
        Map<String, double[]> first = train(precision, config, false);
        Map<String, double[]> second = train(precision, config, true);
        List<String> different = first.entrySet().stream()
                .filter(entry -> !Arrays.equals(entry.getValue(), second.get(entry.getKey())))
                .map(Map.Entry::getKey)
                .toList();
        double[] losses = first.getOrDefault("losses", new double[0]);
        record.put("compared", first.size()).put("first_loss", losses[0]);
        if (!different.isEmpty()) {
            throw new AssertionError(different.size() + " of " + first.size() + " tensors differ between two runs: "
                    + different.subList(0, Math.min(5, different.size())));
        }
        if (Arrays.stream(losses).anyMatch(Double::isNaN)) {
            throw new AssertionError("the losses are not numbers: " + Arrays.toString(losses));
        }
    }

    /** Losses and the weights at the end. The third step is launched as a graph where it is {@code recorded}. */
    private Map<String, double[]> train(Precision precision, S2dConfig config, boolean recorded) {
        int steps = 3;
        int clips = 2;
        try (Scope scope = new Scope(device.allocator());
                HostPool pool = new HostPool();
                Scope host = new Scope(pool)) {
            S2dModel model = new S2dModel(ParameterFactory.root(device, scope, 5), config);
            FreezeRule.S2D.apply(model);
            AdamW optimizer =
                    new AdamW(ParameterGroups.of(model.parameters().values()), AdamW.Options.DEFAULT, device, scope);
            Sdl sdl = new Sdl(device, scope, CLASSES, ANCHORS, config.embedDim(), 2, 1);
            int grid = config.imageSize() / config.patchSize();
            Tensor x = random(host, Shape.of(clips, config.frames(), config.imageSize(), config.imageSize(), 3));
            Tensor hostMaps = random(host, Shape.of(clips * config.frames(), config.landmarkChannels(), grid, grid));
            Tensor maps = scope.allocate(device.floatType(), hostMaps.shape());
            device.upload(maps, hostMaps);
            List<TrainingStep.Input> batch = List.of(
                    new TrainingStep.Input(PlannedClips.whole(x), new long[] {1, 4}, (tape, _) -> tape.constant(maps)));
            double[] losses = new double[2 * steps];
            try (TrainingStep step = new TrainingStep(device, precision, model, optimizer, sdl, 0.1, 1, recorded)) {
                for (int i = 0; i < steps; i++) {
                    TrainingStep.Result result = step.run(batch, new TrainingStep.Rates(RATE, 0.05, 0.1, true, i));
                    losses[2 * i] = result.loss();
                    losses[2 * i + 1] = result.sdlLoss();
                }
            }
            Map<String, double[]> results = new LinkedHashMap<>();
            results.put("losses", losses);
            for (Parameter parameter : model.parameters().values()) {
                Tensor read = host.allocate(DType.F32, parameter.shape());
                device.download(read, parameter.value());
                results.put(parameter.name(), read.toDoubles());
            }
            return results;
        }
    }

    private static Tensor random(Scope scope, Shape shape) {
        Tensor tensor = scope.allocate(DType.F32, shape);
        Random random = new Random(shape.numel());
        for (int i = 0; i < shape.numel(); i++) {
            tensor.setDouble(i, random.nextGaussian());
        }
        return tensor;
    }
}
