package org.s2d.train.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.s2d.autograd.Precision;
import org.s2d.autograd.Tape;
import org.s2d.autograd.Var;
import org.s2d.data.augment.CropBox;
import org.s2d.data.augment.ErasePatch;
import org.s2d.data.augment.Mixup;
import org.s2d.data.augment.TrainDecisions;
import org.s2d.device.Device;
import org.s2d.device.cuda.CudaDevice;
import org.s2d.device.cuda.EmulatorDriver;
import org.s2d.device.cuda.Emulators;
import org.s2d.loss.Sdl;
import org.s2d.model.s2d.S2dConfig;
import org.s2d.model.s2d.S2dModel;
import org.s2d.nn.Parameter;
import org.s2d.nn.ParameterFactory;
import org.s2d.optim.AdamW;
import org.s2d.optim.LossScaler;
import org.s2d.optim.ParameterGroups;
import org.s2d.tensor.DType;
import org.s2d.tensor.HostPool;
import org.s2d.tensor.Scope;
import org.s2d.tensor.Shape;
import org.s2d.tensor.Tensor;

/** A training step that is recorded and repeated does what one does that runs kernel by kernel. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RecordedStepTest {
    private static final S2dConfig CONFIG = S2dConfig.small(3).toBuilder()
            .imageSize(8)
            .patchSize(4)
            .embedDim(16)
            .depth(2)
            .heads(2)
            .frames(2)
            .landmarkChannels(2)
            .promptWidth(2)
            .adapterScale(0.5)
            .mlpRatio(1)
            .headDropout(0.3)
            .dropPath(0.4)
            .build();
    private static final int BATCH = 2;
    /** Of the frames, of which the clips show a part. */
    private static final int SIDE = 9;

    /** The first makes what stays, the second takes the memory, the third is recorded. */
    private static final int BEFORE_REPLAY = 3;

    private static final int STEPS = BEFORE_REPLAY + 3;
    private static final double MAX_NORM = 0.5;

    private final Map<String, Integer> calls = new TreeMap<>();
    private CudaDevice device;
    private List<TrainingStep.Result> expectedResults = List.of();
    private Map<String, double[]> expectedBeforeReplay = Map.of();
    private Map<String, double[]> expectedAtTheEnd = Map.of();

    @BeforeAll
    void runKernelByKernel() {
        Emulators.assumeCompiler();
        device = Emulators.caching(calls);
        try (Run plain = Run.of(device, false)) {
            plain.steps(0, BEFORE_REPLAY);
            expectedBeforeReplay = plain.state();
            plain.steps(BEFORE_REPLAY, STEPS);
            expectedAtTheEnd = plain.state();
            expectedResults = plain.results;
            assertThat(expectedResults.getLast().gradNorm()).as("is clipped").isGreaterThan(MAX_NORM);
        }
    }

    @AfterAll
    void close() {
        if (device != null) {
            device.close();
        }
    }

    /** A model with its optimiser, queue and step, and what its steps found. */
    private static final class Run implements AutoCloseable {
        final Device device;
        final HostPool pool = new HostPool();
        final Scope host = new Scope(pool);
        final Scope scope;
        final S2dModel model;
        final AdamW optimizer;
        final Sdl sdl;
        final TrainingStep step;
        final LandmarkSource landmarks;
        final List<TrainingStep.Result> results = new ArrayList<>();
        final Map<Integer, Tensor> pixels = new HashMap<>();
        boolean tellsNext;

        Run(Device device, boolean recorded, LandmarkSource landmarks) {
            this(device, recorded, landmarks, Precision.BF16, LossScaler.off(), 0);
        }

        Run(
                Device device,
                boolean recorded,
                LandmarkSource landmarks,
                Precision precision,
                LossScaler scaler,
                int microBatch) {
            this.device = device;
            this.landmarks = landmarks;
            scope = new Scope(device.allocator());
            model = new S2dModel(ParameterFactory.root(device, scope, 1), CONFIG);
            FreezeRule.S2D.apply(model);
            optimizer =
                    new AdamW(ParameterGroups.of(model.parameters().values()), AdamW.Options.DEFAULT, device, scope);
            sdl = new Sdl(device, scope, 3, 4, CONFIG.embedDim(), 2, 1);
            step = new TrainingStep(
                    device, precision, model, optimizer, sdl, 0.1, 0, MAX_NORM, microBatch, recorded, scaler);
        }

        static Run of(Device device, boolean recorded) {
            return new Run(device, recorded, Run::equalMaps);
        }

        static Var equalMaps(Tape tape, Var clips) {
            Tensor maps = tape.allocate(DType.F32, Shape.of(BATCH * CONFIG.frames(), 2, 2, 2));
            tape.device().elementwise().fill(maps, 0.25);
            return tape.constant(maps);
        }

        /** In FP16, from a scale of the loss at which its gradients overflow. */
        static Run inHalfPrecision(Device device, boolean recorded) {
            return new Run(device, recorded, Run::equalMaps, Precision.FP16, LossScaler.dynamic(0x1p22), 0);
        }

        /** One clip after the other through the model. */
        static Run inParts(Device device, boolean recorded) {
            return new Run(device, recorded, Run::equalMaps, Precision.BF16, LossScaler.off(), 1);
        }

        /** Of step number {@code i}, the same tensor each time. */
        Tensor pixels(int i) {
            return pixels.computeIfAbsent(i, unseen -> {
                byte[] drawn = new byte[BATCH * CONFIG.frames() * SIDE * SIDE * 3];
                new Random(i).nextBytes(drawn);
                Tensor tensor = host.allocate(DType.U8, Shape.of(BATCH, CONFIG.frames(), SIDE, SIDE, 3));
                tensor.data().copyFrom(MemorySegment.ofArray(drawn));
                return tensor;
            });
        }

        /** Step number {@code i}: its own clips, plans, rate and seed. {@code value}: the first one in the first row's erased box. */
        TrainingStep.Result step(int i, float value) {
            float[] values = new float[3 * CONFIG.frames() * 2];
            values[0] = value;
            Optional<CropBox> crop = Optional.of(new CropBox(i % 3, 1, 6, 7));
            TrainDecisions erased = new TrainDecisions(
                    List.of(), crop, i % 2 == 0, Optional.of(new ErasePatch(1, i % 4, 1, 2, values)));
            Mixup.Decisions mix = new Mixup.Decisions(Mixup.Mode.BATCH, false, List.of(Mixup.Mix.blend(1.0 / (i + 2))));
            PlannedClips clips = PlannedClips.of(pixels(i), List.of(erased, TrainDecisions.NONE), 8, 8)
                    .mixed(mix);
            long[] labels = {i % 3, 1};
            Tensor targets = host.allocate(DType.F32, Shape.of(BATCH, 3));
            Mixup.targets(host.allocate(DType.I64, Shape.of(BATCH)).set(labels), mix, 0.1, targets);
            TrainingStep.Input input = new TrainingStep.Input(clips, labels, targets, landmarks);
            TrainingStep.Rates rates = new TrainingStep.Rates(1e-2 / (i + 1), 0.05, 0.5, true, 1000 + i);
            TrainingStep.Result result =
                    step.run(List.of(input), rates, () -> tellsNext ? List.of(pixels(i + 1)) : List.of());
            results.add(result);
            return result;
        }

        void steps(int from, int to) {
            for (int i = from; i < to; i++) {
                step(i, 1);
            }
        }

        Map<String, double[]> state() {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            model.parameters().forEach((name, parameter) -> tensors.put(name, parameter.value()));
            optimizer.state().forEach((name, moments) -> tensors.put(name + " v", moments.expAvgSq()));
            tensors.put("queue", sdl.queue());
            tensors.put("distributions", sdl.distributions());
            Map<String, double[]> values = new LinkedHashMap<>();
            tensors.forEach((name, tensor) -> {
                Tensor copy = host.allocate(DType.F64, tensor.shape());
                device.download(copy, tensor);
                values.put(name, copy.toDoubles());
            });
            return values;
        }

        @Override
        public void close() {
            step.close();
            scope.close();
            host.close();
            pool.close();
        }
    }

    private static void requireSame(Map<String, double[]> actual, Map<String, double[]> expected) {
        actual.forEach((name, values) -> assertThat(values).as(name).isEqualTo(expected.get(name)));
    }

    /** As an evaluation between two steps does: other code uses the weights in their compute type, and changes them and back. */
    private static void disturb(Run run) {
        for (Parameter parameter : run.model.parameters().values()) {
            parameter.changed();
            parameter.refresh(run.device);
            parameter.changed();
        }
        try (Scope scratch = new Scope(run.device.allocator())) {
            run.device.elementwise().fill(scratch.allocate(DType.F32, Shape.of(5000)), Double.NaN);
        }
    }

    @Test
    void repeatedStepsHaveTheBitsOfThoseThatAreNot() {
        try (Run run = Run.of(device, true)) {
            run.steps(0, BEFORE_REPLAY);
            calls.clear();
            run.step(BEFORE_REPLAY, 1);
            requireOneLaunchAndOneWait();
            disturb(run);
            Map<String, double[]> before = run.state();
            assertThat(run.step(77, Float.NaN).isFinite()).isFalse();
            requireSame(run.state(), before);
            run.steps(BEFORE_REPLAY + 1, STEPS);
            assertThat(run.step.whyNotRecorded()).isEmpty();
            run.results.remove(BEFORE_REPLAY + 1);
            assertThat(run.results).isEqualTo(expectedResults);
            requireSame(run.state(), expectedAtTheEnd);
        }
    }

    @Test
    void stepsWhoseScaleOfTheLossChangesAreRecordedAgain() {
        int steps = 10;
        try (Run plain = Run.inHalfPrecision(device, false);
                Run run = Run.inHalfPrecision(device, true)) {
            plain.steps(0, steps);
            run.steps(0, steps - 1);
            calls.clear();
            run.step(steps - 1, 1);
            requireOneLaunchAndOneWait();
            assertThat(run.results).isEqualTo(plain.results);
            assertThat(run.results.getFirst().skipped()).isTrue();
            assertThat(run.results.getLast().skipped()).isFalse();
            requireSame(run.state(), plain.state());
        }
    }

    @Test
    void stepsWhoseBatchGoesThroughTheModelInPartsAreRecordedToo() {
        int steps = 4;
        try (Run plain = Run.inParts(device, false);
                Run run = Run.inParts(device, true)) {
            plain.steps(0, steps);
            run.steps(0, steps - 1);
            calls.clear();
            run.step(steps - 1, 1);
            requireOneLaunchAndOneWait();
            assertThat(run.results).isEqualTo(plain.results);
            requireSame(run.state(), plain.state());
        }
    }

    @Test
    void pixelsThatAreCopiedWhileTheStepBeforeComputesAreTheSame() {
        for (boolean recorded : new boolean[] {false, true}) {
            try (Run run = Run.of(device, recorded)) {
                run.tellsNext = true;
                run.steps(0, BEFORE_REPLAY);
                calls.clear();
                run.steps(BEFORE_REPLAY, STEPS);
                int steps = STEPS - BEFORE_REPLAY;
                assertThat(calls).as("from where they came to").containsEntry("await", steps);
                if (recorded) {
                    assertThat(calls)
                            .containsEntry("copyOnDevice", steps)
                            .doesNotContainKeys("allocate", "allocateHost");
                    assertThat(calls).as("of a step's end").containsEntry("synchronize", steps);
                }
                assertThat(run.results).isEqualTo(expectedResults);
                requireSame(run.state(), expectedAtTheEnd);
            }
        }
    }

    private void requireOneLaunchAndOneWait() {
        assertThat(calls).containsEntry("launchGraph", 1).containsEntry("synchronize", 1);
        assertThat(calls).doesNotContainKeys("launch", "allocate", "allocateHost", "free", "fill", "copyOnDevice");
        assertThat(calls.get("copyToDevice"))
                .as("seed, pixels, plans, values, targets, labels, rates")
                .isEqualTo(7);
        assertThat(calls).containsEntry("copyToHost", 1);
    }

    @Test
    void workThatCannotBeRecordedRunsPlainlyAndSaysWhy() {
        LandmarkSource uploading = (tape, clips) -> {
            Tensor maps = tape.allocate(DType.F32, Shape.of(BATCH * CONFIG.frames(), 2, 2, 2));
            float[] values = new float[(int) maps.numel()];
            Arrays.fill(values, 0.25f);
            tape.device().upload(maps, values);
            return tape.constant(maps);
        };
        try (Run run = new Run(device, true, uploading)) {
            run.steps(0, BEFORE_REPLAY);
            assertThat(run.step.whyNotRecorded())
                    .contains("it copies between host and device, which would be repeated with these same values");
            requireSame(run.state(), expectedBeforeReplay);
        }
    }

    @Test
    void theEmulatorAsUsersHaveItSaysThatItDoesNotRecord() {
        try (CudaDevice emulator = Emulators.device(EmulatorDriver.Execution.IMMEDIATE);
                Run run = Run.of(emulator, true)) {
            run.step(0, 1);
            assertThat(run.step.whyNotRecorded()).contains("memory of the emulator has new addresses in every run");
        }
    }
}
